package io.madit.server.oip;

import io.madit.server.rpc.PictureOrder;
import java.util.List;
import java.util.OptionalLong;

/**
 * A request that may be drawn.
 *
 * @param id of the client
 * @param pictures one or more, in the order of the batch
 * @param batched whether tensors have a batch dimension
 * @param outputs what is asked for, in order
 * @param deadlineNanos on the clock of {@link System#nanoTime}
 */
record InferOrder(
    OipModel model,
    String id,
    List<PictureOrder> pictures,
    boolean batched,
    List<TensorSpec> outputs,
    OptionalLong deadlineNanos) {}
