import type { Conditioning } from "./generated/madit/v1/conditioning.js";
import type { RequestOptions } from "./generated/madit/v1/options.js";
import { OutputFormat, OutputOptions } from "./generated/madit/v1/output.js";
import { SamplingOptions } from "./generated/madit/v1/sampling.js";
import { DetokenizeRequest } from "./generated/madit/v1/service.js";
import { BeginImage } from "./generated/madit/v1/stream.js";
import { randomBytes } from "node:crypto";

/** What a picture is drawn from beside its ids, and how. Ranges and defaults are those of the API's fields. */
export interface PictureOptions {
  /** NAME or NAME@VERSION. Default: the server's. */
  model?: string;
  /** Of all noise. Default: chosen, and named in the report. */
  seed?: bigint;
  /** The prompt, for models that take one. */
  text?: string;
  /** All of Conditioning, such as a class, instead of text. */
  conditioning?: Partial<Conditioning>;
  sampling?: Partial<SamplingOptions>;
  /** Default: PNG. */
  format?: OutputFormat;
  /** All of OutputOptions; `format` counts, if given. */
  output?: Partial<OutputOptions>;
  /** What to subtract from each id: the first visual id of the language model. */
  vocabularyOffset?: number;
  request?: RequestOptions;
}

/** What a stream tells before the picture is done. */
export interface StreamOptions extends PictureOptions {
  /** Default true. */
  progress?: boolean;
  /** A preview after every so many rounds; 0: none. The server drops previews under load. Default 0. */
  previewEveryRounds?: number;
  /** PNG, JPEG, WEBP or RAW_RGB. Default JPEG. */
  previewFormat?: OutputFormat;
}

export function common(options: PictureOptions) {
  const conditioning: Partial<Conditioning> | undefined =
    options.text === undefined ? options.conditioning : { textInput: { $case: "text", value: options.text } };
  return {
    model: options.model ?? "",
    conditioning,
    sampling: SamplingOptions.fromPartial({ ...options.sampling, seed: options.seed ?? options.sampling?.seed }),
    output: OutputOptions.fromPartial({ ...options.output, format: options.format ?? options.output?.format }),
    options: options.request,
  };
}

export function detokenizeRequest(ids: readonly number[], options: PictureOptions): DetokenizeRequest {
  const value = { ids: [...ids], positions: [], vocabularyOffset: options.vocabularyOffset ?? 0 };
  return DetokenizeRequest.fromPartial({ ...common(options), visual: { kind: { $case: "tokenIds", value } } });
}

/** With a seed in any case, so that a replay draws the same picture. */
export function beginImage(options: StreamOptions): BeginImage {
  const seed = options.seed ?? options.sampling?.seed ?? randomBytes(8).readBigUInt64LE();
  return BeginImage.fromPartial({
    ...common({ ...options, seed }),
    vocabularyOffset: options.vocabularyOffset ?? 0,
    progress: options.progress ?? true,
    previewEveryRounds: options.previewEveryRounds ?? 0,
    previewFormat: options.previewFormat ?? OutputFormat.OUTPUT_FORMAT_JPEG,
  });
}
