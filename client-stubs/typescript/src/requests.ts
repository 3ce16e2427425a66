import type { Conditioning } from "./generated/madit/v1/conditioning.js";
import { Completion, Decoder, type RequestOptions } from "./generated/madit/v1/options.js";
import { OutputFormat, OutputOptions } from "./generated/madit/v1/output.js";
import { SamplingOptions } from "./generated/madit/v1/sampling.js";
import { CompleteTokensRequest, DetokenizeRequest, GenerateRequest } from "./generated/madit/v1/service.js";
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
  /** Added to the ids by the language model: subtracted from those given, added to those that come back. */
  vocabularyOffset?: number;
  /** The model that draws the ids that are not given, by name or with its options. Default: none, all must be given. */
  completion?: string | Partial<Completion>;
  request?: RequestOptions;
}

/** What a picture is generated from. */
export interface GenerateOptions extends Omit<PictureOptions, "completion"> {
  /** Turns the generated tokens into the picture, by name or with its options. Default: the generator's own. */
  decoder?: string | Partial<Decoder>;
}

/** What missing ids are drawn from. */
export type CompleteOptions = Omit<PictureOptions, "completion" | "format" | "output">;

/** The first ids of a picture, or ids by their places in raster order. */
export type KnownIds = readonly number[] | ReadonlyMap<number, number>;

/** What a stream tells before the picture is done. */
export interface StreamOptions extends PictureOptions {
  /** Default true. */
  progress?: boolean;
  /** A preview after every so many rounds; 0: none. The server drops previews under load. Default 0. */
  previewEveryRounds?: number;
  /** PNG, JPEG, WEBP or RAW_RGB. Default JPEG. */
  previewFormat?: OutputFormat;
}

function named<T>(model: string | T | undefined): { model: string } | T | undefined {
  return typeof model === "string" ? { model } : model;
}

function common(options: PictureOptions) {
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

function tokenIds(known: KnownIds, vocabularyOffset = 0) {
  const [ids, positions] = known instanceof Map ? [[...known.values()], [...known.keys()]] : [[...known], []];
  return { ids, positions, vocabularyOffset };
}

export function detokenizeRequest(known: KnownIds, options: PictureOptions): DetokenizeRequest {
  const visual = { kind: { $case: "tokenIds" as const, value: tokenIds(known, options.vocabularyOffset) } };
  return DetokenizeRequest.fromPartial({ ...common(options), visual, completion: named(options.completion) });
}

export function generateRequest(options: GenerateOptions): GenerateRequest {
  const { decoder, vocabularyOffset = 0 } = options;
  return GenerateRequest.fromPartial({ ...common(options), decoder: named(decoder), vocabularyOffset });
}

export function completeTokensRequest(known: KnownIds, options: CompleteOptions): CompleteTokensRequest {
  const { model, conditioning, sampling, options: request } = common(options);
  const tokens = tokenIds(known, options.vocabularyOffset);
  return CompleteTokensRequest.fromPartial({ model, conditioning, sampling, options: request, known: tokens });
}

/** With a seed in any case, so that a replay draws the same picture. */
export function beginImage(options: StreamOptions): BeginImage {
  const seed = options.seed ?? options.sampling?.seed ?? randomBytes(8).readBigUInt64LE();
  return BeginImage.fromPartial({
    ...common({ ...options, seed }),
    completion: named(options.completion),
    vocabularyOffset: options.vocabularyOffset ?? 0,
    progress: options.progress ?? true,
    previewEveryRounds: options.previewEveryRounds ?? 0,
    previewFormat: options.previewFormat ?? OutputFormat.OUTPUT_FORMAT_JPEG,
  });
}
