import { Metadata, Server, ServerCredentials, status } from "@grpc/grpc-js";
import { Any } from "../src/generated/google/protobuf/any.js";
import { ErrorInfo, RetryInfo } from "../src/generated/google/rpc/details.js";
import { type StreamDetokenizeRequest, StreamDetokenizeResponse } from "../src/generated/madit/v1/stream.js";
import { VisualTokenServiceService } from "../src/generated/madit/v1/service.js";

/** How a scripted call ends: for streams perhaps a last event, then a status and its pushback. */
export interface Turn {
  last?: StreamDetokenizeResponse["event"];
  code: status;
  pushback?: string;
}

/** A server whose every answer is scripted: one turn per call; a call too many fails with INTERNAL. */
export class FlakyServer {
  calls = 0;
  readonly received: StreamDetokenizeRequest[][] = [];
  #port = 0;
  readonly #turns: Turn[];
  readonly #server = new Server();

  constructor(...turns: Turn[]) {
    this.#turns = turns;
    // The calls that no test makes answer UNIMPLEMENTED by themselves.
    const { listModels, streamDetokenize } = VisualTokenServiceService;
    this.#server.addService(
      { listModels, streamDetokenize },
      {
        listModels: (_: unknown, callback: (error: object | null, response?: object) => void) => {
          const turn = this.#next();
          callback(turn.code === status.OK ? null : failure(turn), { models: [], defaultModel: "", serverVersion: "" });
        },
        streamDetokenize: (call: StreamCall) => this.#stream(call),
      },
    );
  }

  /** Accepts, and takes its turn when three ids have come. */
  #stream(call: StreamCall): void {
    const turn = this.#next();
    const seen: StreamDetokenizeRequest[] = [];
    this.received.push(seen);
    let count = 0;
    call.on("data", (request) => {
      seen.push(request);
      if (request.event?.$case === "begin") {
        call.write(StreamDetokenizeResponse.fromPartial({ event: { $case: "accepted", value: {} } }));
      }
      const before = count;
      count += request.event?.$case === "tokens" ? request.event.value.ids.length : 0;
      if (before < 3 && count >= 3) {
        if (turn.last !== undefined) {
          call.write({ imageId: "", event: turn.last });
        }
        if (turn.code === status.OK) {
          call.end();
        } else {
          call.emit("error", failure(turn));
        }
      }
    });
  }

  #next(): Turn {
    return this.#turns[this.calls++] ?? { code: status.INTERNAL };
  }

  get address(): string {
    return `localhost:${this.#port}`;
  }

  async start(): Promise<this> {
    this.#port = await new Promise<number>((resolve, reject) =>
      this.#server.bindAsync("localhost:0", ServerCredentials.createInsecure(), (error, port) =>
        error ? reject(error) : resolve(port),
      ),
    );
    return this;
  }

  stop(): void {
    this.#server.forceShutdown();
  }
}

interface StreamCall {
  on(event: "data", listener: (request: StreamDetokenizeRequest) => void): void;
  write(response: StreamDetokenizeResponse): void;
  emit(event: "error", error: object): void;
  end(): void;
}

function failure({ code, pushback }: Turn): object {
  const metadata = new Metadata();
  if (pushback !== undefined) {
    metadata.set("grpc-retry-pushback-ms", pushback);
  }
  return { code, details: "scripted", metadata };
}

/** The picture. */
export function drawn(): Turn {
  const { event } = StreamDetokenizeResponse.fromPartial({ event: { $case: "image", value: { output: {} } } });
  return { code: status.OK, last: event };
}

/** The picture fails, the stream goes on. */
export function refused(code: status, reason: string, retrySeconds?: bigint): Turn {
  const pack = (name: string, value: Uint8Array) =>
    Any.fromPartial({ typeUrl: `type.googleapis.com/google.rpc.${name}`, value: Buffer.from(value) });
  const details = [pack("ErrorInfo", ErrorInfo.encode({ reason }).finish())];
  if (retrySeconds !== undefined) {
    const delay = RetryInfo.fromPartial({ retryDelay: { seconds: retrySeconds } });
    details.push(pack("RetryInfo", RetryInfo.encode(delay).finish()));
  }
  return { code: status.OK, last: { $case: "error", value: { code, message: "scripted", details } } };
}
