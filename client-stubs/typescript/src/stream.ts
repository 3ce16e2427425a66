import { type ClientDuplexStream, type ServiceError, status } from "@grpc/grpc-js";
import { setTimeout as sleep } from "node:timers/promises";
import { callError, MaditError } from "./errors.js";
import type { BeginImage, StreamDetokenizeRequest, StreamDetokenizeResponse } from "./generated/madit/v1/stream.js";
import { IdLog } from "./ids.js";
import { type Picture, type PictureEvent, pictureEvent } from "./results.js";
import { pauseMs, type RetryPolicy } from "./retry.js";

type Call = ClientDuplexStream<StreamDetokenizeRequest, StreamDetokenizeResponse>;

/** Ids as they are sampled, one by one or in pieces. */
export type IdSource = Iterable<number | readonly number[]> | AsyncIterable<number | readonly number[]>;

/**
 * A picture that is drawn while its ids are still sampled: iterate over its events once, or await `result`. Ids are given by
 * `put` and `finish`, or by the source that the stream was opened with, and are sent while it is iterated over. A stream
 * that breaks is opened again and gets all ids again, with the same seed: then events of earlier rounds may repeat. Leaving
 * the loop early, `close`, or the caller's signal cancels the picture.
 */
export class PictureStream implements AsyncIterable<PictureEvent> {
  readonly #ids = new IdLog();
  readonly #stop = new AbortController();
  #sourceFailure: unknown;

  constructor(
    private readonly open: (deadline: Date) => Call,
    private readonly begin: BeginImage,
    private readonly deadline: Date,
    private readonly retry: RetryPolicy,
    private readonly signal: AbortSignal | undefined,
  ) {}

  /** The seed of the picture. */
  get seed(): bigint {
    return this.begin.sampling?.seed ?? 0n;
  }

  /** The next ids. */
  put(...ids: number[]): void {
    this.#ids.append(ids);
  }

  /** No more ids follow. Not needed when the model's count of ids is reached. */
  finish(): void {
    this.#ids.finish();
  }

  /** Cancels the picture if it is not done. */
  close(): void {
    this.#stop.abort();
  }

  /** Takes all ids from a source; what it throws, iterating throws. */
  async feed(source: IdSource): Promise<void> {
    try {
      for await (const ids of source) {
        if (this.#stop.signal.aborted) {
          return;
        }
        this.#ids.append(typeof ids === "number" ? [ids] : ids);
      }
      this.#ids.finish();
    } catch (failure) {
      this.#sourceFailure = failure;
      this.close();
    }
  }

  /** Waits for the picture, passing over all other events. */
  async result(): Promise<Picture> {
    for await (const event of this) {
      if (event.type === "picture") {
        return event.picture;
      }
    }
    throw new MaditError(status.CANCELLED, "the stream was closed before its picture was done");
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<PictureEvent> {
    const cancelled = AbortSignal.any(this.signal ? [this.signal, this.#stop.signal] : [this.#stop.signal]);
    try {
      for (let attempt = 1; ; attempt++) {
        try {
          yield* this.#attempt(cancelled);
          return;
        } catch (failure) {
          await this.#pause(failure, attempt, cancelled);
        }
      }
    } finally {
      this.close();
    }
  }

  /** Waits for the next attempt, or throws. */
  async #pause(failure: unknown, attempt: number, cancelled: AbortSignal): Promise<void> {
    if (this.#sourceFailure !== undefined) {
      throw this.#sourceFailure;
    }
    if (cancelled.aborted || !(failure instanceof MaditError)) {
      throw failure;
    }
    const pause = pauseMs(this.retry, failure, attempt, this.deadline.getTime() - Date.now());
    if (pause === undefined) {
      throw failure;
    }
    await sleep(pause, undefined, { signal: cancelled }).catch(() => {
      throw cancellation();
    });
  }

  /** One call. */
  async *#attempt(cancelled: AbortSignal): AsyncGenerator<PictureEvent> {
    if (cancelled.aborted) {
      throw cancellation();
    }
    const call = this.open(this.deadline);
    const cancel = () => call.cancel();
    cancelled.addEventListener("abort", cancel);
    const ended = new Promise((resolve) => call.once("close", resolve));
    // Errors reach the iteration below; this keeps one that comes after it from ending the process.
    call.on("error", () => {});
    void this.#send(call, ended);
    try {
      for await (const message of call as AsyncIterable<StreamDetokenizeResponse>) {
        const event = pictureEvent(message);
        if (event !== undefined) {
          yield event;
        }
        if (event?.type === "picture") {
          return;
        }
      }
    } catch (error) {
      throw error instanceof MaditError || !isServiceError(error) ? error : callError(error);
    } finally {
      cancelled.removeEventListener("abort", cancel);
      call.cancel();
      call.destroy();
    }
    throw new MaditError(status.UNAVAILABLE, "the stream ended without a picture");
  }

  async #send(call: Call, ended: Promise<unknown>): Promise<void> {
    const write = (event: StreamDetokenizeRequest["event"]) => call.writable && call.write({ imageId: "", event });
    write({ $case: "begin", value: this.begin });
    for await (const ids of this.#ids.follow(ended)) {
      write({ $case: "tokens", value: { ids } });
    }
    write({ $case: "end", value: {} });
    call.end();
  }
}

function isServiceError(error: unknown): error is ServiceError {
  return error instanceof Error && "metadata" in error && "code" in error;
}

function cancellation(): MaditError {
  return new MaditError(status.CANCELLED, "cancelled by the caller");
}
