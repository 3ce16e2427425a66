/**
 * Which patches are revealed when: strategies and schedules compile to an immutable plan. No
 * threads, no tensors.
 */
package io.madit.server.reveal;
