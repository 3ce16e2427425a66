export { type CallOptions, type ClientOptions, MaditClient, type Tls } from "./client.js";
export { type FieldViolation, MaditError } from "./errors.js";
export { OutputFormat } from "./generated/madit/v1/output.js";
export type { CompleteOptions, GenerateOptions, KnownIds, PictureOptions, StreamOptions } from "./requests.js";
export { Picture, type PictureEvent, Rendering } from "./results.js";
export type { RetryPolicy } from "./retry.js";
export { type IdSource, PictureStream } from "./stream.js";
export { status } from "@grpc/grpc-js";
