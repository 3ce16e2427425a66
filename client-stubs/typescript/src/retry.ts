import { status } from "@grpc/grpc-js";
import type { MaditError } from "./errors.js";

/**
 * How often and how fast failures are tried again: unary calls by gRPC, broken streams by this package. Pauses that the
 * server names replace these.
 */
export interface RetryPolicy {
  /** Tries altogether, 2 to 5: gRPC allows no more. Default 5. */
  attempts: number;
  /** The first pause, at least 10 ms; each is twice the one before, times 0.8 to 1.2. Default 200. */
  firstBackoffMs: number;
  /** Bound of the pauses, at least firstBackoffMs. Default 5000. */
  longestBackoffMs: number;
}

export function retryPolicy(given: Partial<RetryPolicy> = {}): RetryPolicy {
  const policy = { attempts: 5, firstBackoffMs: 200, longestBackoffMs: 5000, ...given };
  if (!Number.isInteger(policy.attempts) || policy.attempts < 2 || policy.attempts > 5) {
    throw new RangeError(`attempts must be 2 to 5, is ${policy.attempts}`);
  }
  if (!(policy.firstBackoffMs >= 10 && policy.firstBackoffMs <= policy.longestBackoffMs)) {
    throw new RangeError(
      `firstBackoffMs must be from 10 to longestBackoffMs ${policy.longestBackoffMs}, is ${policy.firstBackoffMs}`,
    );
  }
  return policy;
}

/**
 * Milliseconds before a stream's next attempt; undefined if there must be none. failed: attempts that have failed, at least
 * 1. leftMs: time to the deadline; a retry that would begin later is not made.
 */
export function pauseMs(policy: RetryPolicy, error: MaditError, failed: number, leftMs: number): number | undefined {
  if (failed >= policy.attempts || !canHelp(error)) {
    return undefined;
  }
  const grown = Math.min(policy.firstBackoffMs * 2 ** (failed - 1), policy.longestBackoffMs);
  const pause = error.retryAfterMs ?? grown * (0.8 + 0.4 * Math.random());
  return pause < leftMs ? pause : undefined;
}

function canHelp(error: MaditError): boolean {
  switch (error.code) {
    case status.UNAVAILABLE:
    case status.RESOURCE_EXHAUSTED:
      return !error.retryRefused;
    case status.DEADLINE_EXCEEDED:
      // The ids came too slowly for the server; the caller's own deadline has not passed.
      return error.reason === "TOKENS_TIMEOUT";
    default:
      return false;
  }
}

/** Round robin over all addresses, and retries of unary calls. The stream's retries are this package's work. */
export function serviceConfig(policy: RetryPolicy): string {
  const methods = ["Detokenize", "Tokenize", "Generate", "CompleteTokens", "ListModels", "GetModel"];
  return JSON.stringify({
    loadBalancingConfig: [{ round_robin: {} }],
    methodConfig: [
      {
        name: methods.map((method) => ({ service: "madit.v1.VisualTokenService", method })),
        retryPolicy: {
          maxAttempts: policy.attempts,
          initialBackoff: `${policy.firstBackoffMs / 1000}s`,
          maxBackoff: `${policy.longestBackoffMs / 1000}s`,
          backoffMultiplier: 2,
          retryableStatusCodes: ["UNAVAILABLE", "RESOURCE_EXHAUSTED"],
        },
      },
    ],
    // When most calls fail, gRPC stops retrying.
    retryThrottling: { maxTokens: 100, tokenRatio: 0.5 },
  });
}
