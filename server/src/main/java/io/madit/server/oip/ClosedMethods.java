package io.madit.server.oip;

import io.grpc.stub.StreamObserver;
import io.madit.inference.CudaSharedMemoryRegisterRequest;
import io.madit.inference.CudaSharedMemoryRegisterResponse;
import io.madit.inference.CudaSharedMemoryStatusRequest;
import io.madit.inference.CudaSharedMemoryStatusResponse;
import io.madit.inference.CudaSharedMemoryUnregisterRequest;
import io.madit.inference.CudaSharedMemoryUnregisterResponse;
import io.madit.inference.GRPCInferenceServiceGrpc;
import io.madit.inference.LogSettingsRequest;
import io.madit.inference.LogSettingsResponse;
import io.madit.inference.RepositoryModelLoadRequest;
import io.madit.inference.RepositoryModelLoadResponse;
import io.madit.inference.RepositoryModelUnloadRequest;
import io.madit.inference.RepositoryModelUnloadResponse;
import io.madit.inference.SystemSharedMemoryRegisterRequest;
import io.madit.inference.SystemSharedMemoryRegisterResponse;
import io.madit.inference.SystemSharedMemoryStatusRequest;
import io.madit.inference.SystemSharedMemoryStatusResponse;
import io.madit.inference.SystemSharedMemoryUnregisterRequest;
import io.madit.inference.SystemSharedMemoryUnregisterResponse;
import io.madit.inference.TraceSettingRequest;
import io.madit.inference.TraceSettingResponse;
import io.madit.server.rpc.ErrorCode;
import io.madit.server.rpc.RequestFailure;
import io.madit.server.rpc.Statuses;

/** Methods of the protocol that this server does not offer: each says what to do instead. */
abstract class ClosedMethods extends GRPCInferenceServiceGrpc.GRPCInferenceServiceImplBase {
  private static final String MODELS =
      "models are loaded when the server starts; start it with another --model";
  private static final String SHARED_MEMORY =
      "there is no shared memory; send tensors in the messages";
  private static final String SETTINGS = "this is set by flags when the server starts";

  private static void refuse(StreamObserver<?> observer, String why) {
    observer.onError(Statuses.exception(RequestFailure.of(ErrorCode.UNIMPLEMENTED, why)));
  }

  @Override
  public final void repositoryModelLoad(
      RepositoryModelLoadRequest request, StreamObserver<RepositoryModelLoadResponse> observer) {
    refuse(observer, MODELS);
  }

  @Override
  public final void repositoryModelUnload(
      RepositoryModelUnloadRequest request,
      StreamObserver<RepositoryModelUnloadResponse> observer) {
    refuse(observer, MODELS);
  }

  @Override
  public final void systemSharedMemoryStatus(
      SystemSharedMemoryStatusRequest request,
      StreamObserver<SystemSharedMemoryStatusResponse> observer) {
    refuse(observer, SHARED_MEMORY);
  }

  @Override
  public final void systemSharedMemoryRegister(
      SystemSharedMemoryRegisterRequest request,
      StreamObserver<SystemSharedMemoryRegisterResponse> observer) {
    refuse(observer, SHARED_MEMORY);
  }

  @Override
  public final void systemSharedMemoryUnregister(
      SystemSharedMemoryUnregisterRequest request,
      StreamObserver<SystemSharedMemoryUnregisterResponse> observer) {
    refuse(observer, SHARED_MEMORY);
  }

  @Override
  public final void cudaSharedMemoryStatus(
      CudaSharedMemoryStatusRequest request,
      StreamObserver<CudaSharedMemoryStatusResponse> observer) {
    refuse(observer, SHARED_MEMORY);
  }

  @Override
  public final void cudaSharedMemoryRegister(
      CudaSharedMemoryRegisterRequest request,
      StreamObserver<CudaSharedMemoryRegisterResponse> observer) {
    refuse(observer, SHARED_MEMORY);
  }

  @Override
  public final void cudaSharedMemoryUnregister(
      CudaSharedMemoryUnregisterRequest request,
      StreamObserver<CudaSharedMemoryUnregisterResponse> observer) {
    refuse(observer, SHARED_MEMORY);
  }

  @Override
  public final void traceSetting(
      TraceSettingRequest request, StreamObserver<TraceSettingResponse> observer) {
    refuse(observer, SETTINGS);
  }

  @Override
  public final void logSettings(
      LogSettingsRequest request, StreamObserver<LogSettingsResponse> observer) {
    refuse(observer, SETTINGS);
  }
}
