import {
  type CallOptions as GrpcCallOptions,
  ChannelCredentials,
  type ClientUnaryCall,
  Metadata,
  type ServiceError,
} from "@grpc/grpc-js";
import { readFileSync } from "node:fs";
import { callError } from "./errors.js";
import type { Model, ModelSummary } from "./generated/madit/v1/model.js";
import { TokenizeRequest, VisualTokenServiceClient } from "./generated/madit/v1/service.js";
import { ImageFit } from "./generated/madit/v1/visual.js";
import {
  beginImage,
  type CompleteOptions,
  completeTokensRequest,
  detokenizeRequest,
  type GenerateOptions,
  generateRequest,
  type KnownIds,
  type PictureOptions,
  type StreamOptions,
} from "./requests.js";
import { Picture } from "./results.js";
import { retryPolicy, type RetryPolicy, serviceConfig } from "./retry.js";
import { type IdSource, PictureStream } from "./stream.js";

const MEBIBYTE = 1 << 20;

/** What to trust and what to show: names of PEM files. */
export interface Tls {
  /** Authorities of the server's certificate. Default: those of Node. */
  ca?: string;
  /** The client's certificate with its chain, for mutual TLS; needs `key`. */
  certificate?: string;
  key?: string;
}

export interface ClientOptions {
  /** HOST:PORT, all of whose addresses are used in turn, or any gRPC target. Default: MADIT_SERVER, else localhost:8500. */
  server?: string;
  /** Default: plain text. True: TLS that trusts what Node trusts. */
  tls?: boolean | Tls;
  /** The bearer token. */
  token?: string;
  /** For each call, its retries included. Default 60,000. */
  timeoutMs?: number;
  /** For each stream, from its opening to the picture, waits for ids and retries included. Default 600,000. */
  streamTimeoutMs?: number;
  retry?: Partial<RetryPolicy>;
}

export interface CallOptions {
  /** Cancels the call. */
  signal?: AbortSignal;
  /** Default: the client's. */
  timeoutMs?: number;
}

type Unary<In, Out> = (
  request: In,
  metadata: Metadata,
  options: Partial<GrpcCallOptions>,
  callback: (error: ServiceError | null, response: Out) => void,
) => ClientUnaryCall;

/** Talks to madit servers. One per process is enough. Every failure is a MaditError. */
export class MaditClient {
  readonly #rpc: VisualTokenServiceClient;
  readonly #metadata = new Metadata();
  readonly #timeoutMs: number;
  readonly #streamTimeoutMs: number;
  readonly #retry: RetryPolicy;

  /** Does not connect yet: the first call does. */
  constructor(options: ClientOptions = {}) {
    this.#timeoutMs = options.timeoutMs ?? 60_000;
    this.#streamTimeoutMs = options.streamTimeoutMs ?? 600_000;
    this.#retry = retryPolicy(options.retry);
    if (options.token) {
      this.#metadata.set("authorization", `Bearer ${options.token}`);
    }
    const server = options.server ?? (process.env["MADIT_SERVER"] || "localhost:8500");
    this.#rpc = new VisualTokenServiceClient(target(server), credentials(options.tls ?? false), {
      "grpc.service_config": serviceConfig(this.#retry),
      // The settings are the caller's, not those of DNS TXT records.
      "grpc.service_config_disable_resolution": 1,
      // What is larger is not retried. gRPC's own 1 MiB is less than many pictures.
      "grpc.per_rpc_retry_buffer_size": 32 * MEBIBYTE,
      "grpc.retry_buffer_size": 128 * MEBIBYTE,
      // Raw pixels of a large picture.
      "grpc.max_receive_message_length": 256 * MEBIBYTE,
      "grpc.max_send_message_length": 256 * MEBIBYTE,
      // A connection that died without a word is noticed while a call waits.
      "grpc.keepalive_time_ms": 30_000,
      "grpc.keepalive_timeout_ms": 10_000,
    });
  }

  /** Ends all connections. */
  close(): void {
    this.#rpc.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** The loaded models. */
  async models(options: CallOptions = {}): Promise<ModelSummary[]> {
    return (await this.#call(this.#rpc.listModels, {}, options)).models;
  }

  /** All about one model; without a name about the server's default. */
  async model(name = "", options: CallOptions = {}): Promise<Model | undefined> {
    return (await this.#call(this.#rpc.getModel, { model: name }, options)).model;
  }

  /** The ids of a PNG, JPEG or WebP file. */
  async tokenize(
    file: Uint8Array,
    request: Pick<Partial<TokenizeRequest>, "model" | "vocabularyOffset" | "tokenCount"> = {},
    options: CallOptions = {},
  ): Promise<number[]> {
    const encoded = { $case: "encoded" as const, value: Buffer.from(file) };
    const image = { source: encoded, fit: ImageFit.IMAGE_FIT_UNSPECIFIED };
    const response = await this.#call(this.#rpc.tokenize, TokenizeRequest.fromPartial({ ...request, image }), options);
    const kind = response.visual?.kind;
    return kind?.$case === "tokenIds" ? kind.value.ids : [];
  }

  /** Draws a picture from all its ids, or from some of them if a `completion` draws the others. */
  async detokenize(known: KnownIds, picture: PictureOptions = {}, options: CallOptions = {}): Promise<Picture> {
    return Picture.of(await this.#call(this.#rpc.detokenize, detokenizeRequest(known, picture), options));
  }

  /** Draws a picture from its text, class or features alone, with a model that generates. */
  async generate(picture: GenerateOptions = {}, options: CallOptions = {}): Promise<Picture> {
    return Picture.of(await this.#call(this.#rpc.generate, generateRequest(picture), options));
  }

  /** All ids of a partial sequence; the known ones are kept. None known: all are drawn. */
  async completeTokens(known: KnownIds, from: CompleteOptions = {}, options: CallOptions = {}): Promise<number[]> {
    const request = completeTokensRequest(known, from);
    return (await this.#call(this.#rpc.completeTokens, request, options)).tokens?.ids ?? [];
  }

  /** Draws a picture from ids as they come. Without a source, give them to the stream. */
  stream(source?: IdSource, picture: StreamOptions = {}, options: CallOptions = {}): PictureStream {
    const open = (deadline: Date) => this.#rpc.streamDetokenize(this.#metadata, { deadline });
    const deadline = new Date(Date.now() + (options.timeoutMs ?? this.#streamTimeoutMs));
    const stream = new PictureStream(open, beginImage(picture), deadline, this.#retry, options.signal);
    if (source !== undefined) {
      void stream.feed(source);
    }
    return stream;
  }

  #call<In, Out>(method: Unary<In, Out>, request: In, { signal, timeoutMs }: CallOptions): Promise<Out> {
    return new Promise((resolve, reject) => {
      const deadline = new Date(Date.now() + (timeoutMs ?? this.#timeoutMs));
      const call = method.call(this.#rpc, request, this.#metadata, { deadline }, (error, response) => {
        signal?.removeEventListener("abort", cancel);
        if (error) {
          reject(callError(error));
        } else {
          resolve(response);
        }
      });
      const cancel = () => call.cancel();
      signal?.addEventListener("abort", cancel);
      if (signal?.aborted) {
        cancel();
      }
    });
  }
}

function target(server: string): string {
  return server.includes(":///") || /^(unix|ipv4|ipv6|xds):/.test(server) ? server : `dns:///${server}`;
}

function credentials(tls: boolean | Tls): ChannelCredentials {
  if (tls === false) {
    return ChannelCredentials.createInsecure();
  }
  const files = tls === true ? {} : tls;
  if ((files.certificate === undefined) !== (files.key === undefined)) {
    throw new TypeError("tls.certificate and tls.key must be given together");
  }
  const read = (path: string | undefined) => (path === undefined ? null : readFileSync(path));
  return ChannelCredentials.createSsl(read(files.ca), read(files.key), read(files.certificate));
}
