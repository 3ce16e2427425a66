/** May this request enter? Decided from measured costs, before anything is spent on it. */
package io.madit.server.admission;
