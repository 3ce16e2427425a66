/**
 * What work costs: seconds as a function of packed rows, measured. Knows no tensors and no threads.
 */
package io.madit.server.cost;
