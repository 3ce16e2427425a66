package io.madit.server.oip;

import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import io.madit.inference.ModelConfigRequest;
import io.madit.inference.ModelConfigResponse;
import io.madit.inference.ModelInferRequest;
import io.madit.inference.ModelInferResponse;
import io.madit.inference.ModelMetadataRequest;
import io.madit.inference.ModelMetadataResponse;
import io.madit.inference.ModelReadyRequest;
import io.madit.inference.ModelReadyResponse;
import io.madit.inference.ModelStatisticsRequest;
import io.madit.inference.ModelStatisticsResponse;
import io.madit.inference.ModelStreamInferResponse;
import io.madit.inference.RepositoryIndexRequest;
import io.madit.inference.RepositoryIndexResponse;
import io.madit.inference.RepositoryIndexResponse.ModelIndex;
import io.madit.inference.ServerLiveRequest;
import io.madit.inference.ServerLiveResponse;
import io.madit.inference.ServerMetadataRequest;
import io.madit.inference.ServerMetadataResponse;
import io.madit.inference.ServerReadyRequest;
import io.madit.inference.ServerReadyResponse;
import io.madit.server.rpc.CallContext;
import io.madit.server.rpc.RequestFailure;
import io.madit.server.rpc.Statuses;
import io.madit.server.rpc.Violations;
import io.madit.server.telemetry.RequestObservation;
import java.time.Clock;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/** The Open Inference Protocol, with Triton's additions, beside our own API. */
public final class InferenceRpc extends ClosedMethods {
  private static final String READY = "READY";

  /** Parts of the protocol that clients look for; perf_analyzer asks for statistics only then. */
  private static final List<String> EXTENSIONS =
      List.of("model_configuration", "parameters", "schedule_policy", "statistics");

  private final CallContext context;
  private final OipModels models;
  private final InferService inferences;
  private final int maxPictures;
  private final String version;
  private final BooleanSupplier ready;

  /**
   * A service without state of calls.
   *
   * @param maxPictures of one request, and requests of one stream that are drawn at once
   * @param version of the server
   * @param ready whether new requests are taken
   */
  public InferenceRpc(CallContext context, int maxPictures, String version, BooleanSupplier ready) {
    this.context = context;
    this.models = new OipModels(context.models());
    this.inferences = new InferService(context, models, maxPictures, Clock.systemUTC());
    this.maxPictures = maxPictures;
    this.version = version;
    this.ready = ready;
  }

  @Override
  public void serverLive(ServerLiveRequest request, StreamObserver<ServerLiveResponse> observer) {
    reply(observer, () -> ServerLiveResponse.newBuilder().setLive(true).build());
  }

  @Override
  public void serverReady(
      ServerReadyRequest request, StreamObserver<ServerReadyResponse> observer) {
    reply(observer, () -> ServerReadyResponse.newBuilder().setReady(ready.getAsBoolean()).build());
  }

  /** A model that is not there is not ready; that is no error. */
  @Override
  public void modelReady(ModelReadyRequest request, StreamObserver<ModelReadyResponse> observer) {
    reply(
        observer,
        () ->
            ModelReadyResponse.newBuilder()
                .setReady(ready.getAsBoolean() && exists(request.getName(), request.getVersion()))
                .build());
  }

  private boolean exists(String name, String version) {
    try {
      models.find(name, version);
      return true;
    } catch (RequestFailure e) {
      return false;
    }
  }

  @Override
  public void serverMetadata(
      ServerMetadataRequest request, StreamObserver<ServerMetadataResponse> observer) {
    reply(
        observer,
        () ->
            ServerMetadataResponse.newBuilder()
                .setName("madit-serving")
                .setVersion(version)
                .addAllExtensions(EXTENSIONS)
                .build());
  }

  @Override
  public void modelMetadata(
      ModelMetadataRequest request, StreamObserver<ModelMetadataResponse> observer) {
    reply(
        observer,
        () -> {
          OipModel model = models.find(request.getName(), request.getVersion());
          return ModelMessages.metadata(model, models.named(model.name()));
        });
  }

  @Override
  public void modelConfig(
      ModelConfigRequest request, StreamObserver<ModelConfigResponse> observer) {
    reply(
        observer,
        () ->
            ModelConfigResponse.newBuilder()
                .setConfig(
                    ModelMessages.config(
                        models.find(request.getName(), request.getVersion()), maxPictures))
                .build());
  }

  @Override
  public void modelStatistics(
      ModelStatisticsRequest request, StreamObserver<ModelStatisticsResponse> observer) {
    reply(
        observer,
        () -> {
          List<OipModel> asked =
              request.getName().isEmpty()
                  ? models.all()
                  : List.of(models.find(request.getName(), request.getVersion()));
          return ModelStatisticsResponse.newBuilder()
              .addAllModelStats(
                  asked.stream().map(model -> inferences.tally(model).message(model)).toList())
              .build();
        });
  }

  @Override
  public void repositoryIndex(
      RepositoryIndexRequest request, StreamObserver<RepositoryIndexResponse> observer) {
    reply(
        observer,
        () -> {
          Violations violations = new Violations();
          if (!request.getRepositoryName().isEmpty()) {
            violations.add(
                "repository_name",
                "must be empty: there is one repository",
                Violations.quoted(request.getRepositoryName()));
          }
          violations.check();
          return RepositoryIndexResponse.newBuilder()
              .addAllModels(models.all().stream().map(InferenceRpc::index).toList())
              .build();
        });
  }

  private static ModelIndex index(OipModel model) {
    return ModelIndex.newBuilder()
        .setName(model.name())
        .setVersion(model.version())
        .setState(READY)
        .build();
  }

  @Override
  public void modelInfer(ModelInferRequest request, StreamObserver<ModelInferResponse> observer) {
    try {
      UnaryInfer.start(
          inferences, request, (ServerCallStreamObserver<ModelInferResponse>) observer);
    } catch (RuntimeException e) {
      context.failed(RequestObservation.ofCall(), UnaryInfer.KIND, e);
      observer.onError(Statuses.exception(e));
    }
  }

  @Override
  public StreamObserver<ModelInferRequest> modelStreamInfer(
      StreamObserver<ModelStreamInferResponse> observer) {
    return StreamInfer.open(
        context,
        inferences,
        (ServerCallStreamObserver<ModelStreamInferResponse>) observer,
        maxPictures);
  }

  private static <T> void reply(StreamObserver<T> observer, Supplier<T> answer) {
    try {
      observer.onNext(answer.get());
      observer.onCompleted();
    } catch (RuntimeException e) {
      observer.onError(Statuses.exception(e));
    }
  }
}
