package io.madit.server.rpc;

import io.grpc.Context;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import io.madit.server.admission.Admission.Ticket;
import io.madit.server.telemetry.Expiry;
import io.madit.server.telemetry.RequestObservation;
import io.madit.v1.StreamDetokenizeRequest;
import io.madit.v1.StreamDetokenizeResponse;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * One bidirectional stream of pictures. Inbound callbacks are serialised by gRPC; pictures end on
 * other threads, so the table is guarded by {@code this}.
 */
final class PictureStream implements StreamObserver<StreamDetokenizeRequest> {
  static final int MAX_IMAGE_ID_BYTES = 128;

  /** How many failed pictures are remembered, to swallow ids that crossed the error. */
  private static final int REMEMBERED_FAILURES = 64;

  private final CallContext context;
  private final StreamReplies replies;
  private final RequestObservation call = RequestObservation.ofCall();
  private final int maxPictures;

  // Guarded by this.
  private final Map<String, StreamPicture> inFlight = new HashMap<>();
  private final Map<String, Boolean> failed =
      new LinkedHashMap<>() {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Boolean> eldest) {
          return size() > REMEMBERED_FAILURES;
        }
      };
  private boolean halfClosed;

  private PictureStream(CallContext context, StreamReplies replies, int maxPictures) {
    this.context = context;
    this.replies = replies;
    this.maxPictures = maxPictures;
  }

  static PictureStream open(
      CallContext context,
      ServerCallStreamObserver<StreamDetokenizeResponse> observer,
      int maxPictures) {
    StreamReplies replies = new StreamReplies(observer, context.metrics());
    PictureStream stream = new PictureStream(context, replies, maxPictures);
    observer.setOnCancelHandler(stream::abandon);
    observer.request(1);
    return stream;
  }

  @Override
  public void onNext(StreamDetokenizeRequest request) {
    handle(request);
    replies.requestNext();
  }

  private void handle(StreamDetokenizeRequest request) {
    switch (request.getEventCase()) {
      case BEGIN -> begin(request, observe(request));
      case TOKENS -> {
        StreamPicture picture = find(request, "tokens");
        if (picture != null) {
          picture.tokens(request.getTokens());
        }
      }
      case END -> {
        StreamPicture picture = find(request, "end");
        if (picture != null) {
          picture.end();
        }
      }
      case CANCEL -> {
        StreamPicture picture = find(request, "cancel");
        if (picture != null) {
          picture.cancel();
        }
      }
      case EVENT_NOT_SET ->
          refuse(
              request.getImageId(),
              RequestFailure.violating(
                  ErrorCode.INVALID_FIELD, "event", "must be begin, tokens, end or cancel"),
              observe(request));
    }
  }

  private RequestObservation observe(StreamDetokenizeRequest request) {
    RequestObservation observation = call.picture(request.getImageId());
    observation.moved(request.getSerializedSize(), 0);
    return observation;
  }

  private void begin(StreamDetokenizeRequest request, RequestObservation observation) {
    String imageId = request.getImageId();
    observation.clientRequestId(request.getBegin().getOptions().getClientRequestId());
    StreamPicture picture;
    try {
      checkName(request);
      StreamOptions options = StreamOptions.parse(context, request.getBegin());
      Ticket ticket =
          context.enter(options.picture(), options.picture().work(), options.deadlineNanos());
      Optional<StreamCompletion> completion = completion(options, ticket);
      picture =
          new StreamPicture(
              context, observation, imageId, options, replies, ticket, completion, this::ended);
    } catch (RuntimeException e) {
      refuse(imageId, e, observation);
      return;
    }
    synchronized (this) {
      failed.remove(imageId);
      inFlight.put(imageId, picture);
    }
    context.awaiting().add(picture);
    context.inFlight().add(picture);
    picture.accept();
  }

  /**
   * Takes the place of a picture's completion, if it has one; else the picture's own is free again.
   */
  private Optional<StreamCompletion> completion(StreamOptions options, Ticket picture) {
    try {
      return options
          .completion()
          .map(order -> StreamCompletion.admit(context, order, options.deadlineNanos()));
    } catch (RuntimeException e) {
      picture.close();
      throw e;
    }
  }

  private synchronized void checkName(StreamDetokenizeRequest request) {
    String imageId = request.getImageId();
    int bytes = imageId.getBytes(StandardCharsets.UTF_8).length;
    if (bytes > MAX_IMAGE_ID_BYTES) {
      throw RequestFailure.violating(
          ErrorCode.INVALID_FIELD,
          "image_id",
          "must have at most " + MAX_IMAGE_ID_BYTES + " bytes, has " + bytes);
    }
    if (inFlight.containsKey(imageId)) {
      throw RequestFailure.violating(
          ErrorCode.STREAM_PROTOCOL, "image_id", "must not be in flight already");
    }
    if (inFlight.size() >= maxPictures) {
      throw RequestFailure.of(
          ErrorCode.STREAM_QUOTA, "a stream may have " + maxPictures + " pictures in flight");
    }
  }

  /** The picture an event belongs to; null if the event is refused or came too late to matter. */
  private StreamPicture find(StreamDetokenizeRequest request, String event) {
    synchronized (this) {
      StreamPicture picture = inFlight.get(request.getImageId());
      if (picture != null) {
        picture.received(request.getSerializedSize());
      }
      // What crossed the error of its picture needs no second error; an end needs none either.
      if (picture != null || failed.containsKey(request.getImageId()) || request.hasEnd()) {
        return picture;
      }
    }
    refuse(
        request.getImageId(),
        RequestFailure.violating(
            ErrorCode.STREAM_PROTOCOL, "image_id", "must name a picture in flight before " + event),
        observe(request));
    return null;
  }

  private void refuse(String imageId, RuntimeException cause, RequestObservation observation) {
    synchronized (this) {
      if (!inFlight.containsKey(imageId)) {
        failed.put(imageId, true);
      }
    }
    context.failed(observation, "stream_picture", cause);
    StreamDetokenizeResponse last =
        StreamDetokenizeResponse.newBuilder()
            .setImageId(imageId)
            .setError(Statuses.imageError(cause))
            .build();
    observation.moved(0, last.getSerializedSize());
    observation.end();
    replies.last(last);
  }

  private void ended(StreamPicture picture, boolean ok) {
    boolean last;
    context.awaiting().remove(picture);
    synchronized (this) {
      inFlight.remove(picture.imageId());
      if (!ok) {
        failed.put(picture.imageId(), true);
      }
      last = halfClosed && inFlight.isEmpty();
    }
    if (last) {
      replies.complete();
    }
  }

  /** The client is gone. */
  private void abandon() {
    replies.abandon();
    RequestFailure why =
        Expiry.explains(Context.current().getDeadline())
            ? RequestFailure.of(ErrorCode.DEADLINE_EXCEEDED, "the deadline has passed")
            : RequestFailure.of(ErrorCode.CANCELLED, "cancelled");
    snapshot().forEach(picture -> picture.abort(why));
  }

  @Override
  public void onError(Throwable t) {
    abandon();
  }

  /** No more events: pictures whose ids are not complete fail, the others finish. */
  @Override
  public void onCompleted() {
    snapshot().stream().filter(StreamPicture::awaitsTokens).forEach(StreamPicture::end);
    boolean empty;
    synchronized (this) {
      halfClosed = true;
      empty = inFlight.isEmpty();
    }
    if (empty) {
      replies.complete();
    }
  }

  private synchronized List<StreamPicture> snapshot() {
    return new ArrayList<>(inFlight.values());
  }
}
