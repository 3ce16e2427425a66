import { type Metadata, type ServiceError, status } from "@grpc/grpc-js";
import type { Any } from "./generated/google/protobuf/any.js";
import { BadRequest, ErrorInfo, RetryInfo, Status } from "./generated/google/rpc/details.js";
import type { ImageError } from "./generated/madit/v1/stream.js";

/** A field that the server refused: its path in proto names, and what is wrong with it. */
export interface FieldViolation {
  field: string;
  description: string;
}

/** A call or a picture failed. */
export class MaditError extends Error {
  override readonly name = "MaditError";
  /** The gRPC status code. */
  readonly code: status;
  /** A name of ErrorReason without its prefix, such as "QUEUE_FULL"; empty if the way to the server failed. */
  readonly reason: string;
  /** The refused fields of INVALID_ARGUMENT. */
  readonly violations: readonly FieldViolation[];
  /** Milliseconds after which the server thinks that a retry can help; undefined if it did not say. */
  readonly retryAfterMs: number | undefined;
  /** The server said that a retry cannot help. */
  readonly retryRefused: boolean;

  constructor(code: status, message: string, details: readonly Any[] = [], pushback?: string) {
    const read = readDetails(details);
    super(`${status[code]}${read.reason && ` (${read.reason})`}: ${message}`);
    this.code = code;
    this.reason = read.reason;
    this.violations = read.violations;
    // By gRPC's rule a pushback that is not a number of milliseconds forbids a retry.
    const pause = pushback !== undefined && /^\d{1,9}$/.test(pushback) ? Number(pushback) : undefined;
    this.retryAfterMs = pause ?? read.retryAfterMs;
    // A refusal that names its reason but no time for a retry is final.
    const final = code === status.RESOURCE_EXHAUSTED && this.reason !== "" && this.retryAfterMs === undefined;
    this.retryRefused = final || (pushback !== undefined && pause === undefined);
  }
}

interface Details {
  reason: string;
  violations: FieldViolation[];
  retryAfterMs: number | undefined;
}

function readDetails(details: readonly Any[]): Details {
  const read: Details = { reason: "", violations: [], retryAfterMs: undefined };
  for (const { typeUrl, value } of details) {
    switch (typeUrl.split("/").at(-1)) {
      case "google.rpc.ErrorInfo":
        read.reason = ErrorInfo.decode(value).reason;
        break;
      case "google.rpc.BadRequest":
        read.violations.push(...BadRequest.decode(value).fieldViolations);
        break;
      case "google.rpc.RetryInfo": {
        const delay = RetryInfo.decode(value).retryDelay;
        read.retryAfterMs = Number(delay?.seconds ?? 0) * 1000 + (delay?.nanos ?? 0) / 1e6;
      }
    }
  }
  return read;
}

function first(metadata: Metadata, key: string): string | Buffer | undefined {
  return metadata.get(key)[0];
}

export function callError(error: ServiceError): MaditError {
  const details = first(error.metadata, "grpc-status-details-bin");
  const pushback = first(error.metadata, "grpc-retry-pushback-ms");
  const decoded = details instanceof Buffer ? Status.decode(details).details : [];
  return new MaditError(error.code, error.details, decoded, pushback?.toString());
}

export function imageError(error: ImageError): MaditError {
  return new MaditError(error.code, error.message, error.details);
}
