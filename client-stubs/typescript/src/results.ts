import { writeFile } from "node:fs/promises";
import type { Output, RunReport } from "./generated/madit/v1/output.js";
import type { ImageAccepted, ImageProgress, StreamDetokenizeResponse } from "./generated/madit/v1/stream.js";
import { imageError } from "./errors.js";

/** Pixels in some format. */
export class Rendering {
  /** output: the message as it came, for results that are tensors or ids. */
  constructor(readonly output: Output) {}

  /** The file, or for raw RGB height * width * 3 bytes, rows from the top; else empty. */
  get data(): Buffer {
    return this.output.content?.$case === "data" ? this.output.content.value : Buffer.alloc(0);
  }

  /** In pixels; 0 if the result is not a picture. */
  get width(): number {
    return this.output.width;
  }

  /** In pixels; 0 if the result is not a picture. */
  get height(): number {
    return this.output.height;
  }

  /** Writes the bytes as they are, whatever the name of the file ends in. */
  async save(path: string): Promise<void> {
    await writeFile(path, this.data);
  }
}

interface PictureMessage {
  output?: Output | undefined;
  extraOutputs: Output[];
  report?: RunReport | undefined;
}

/** A final picture. */
export class Picture extends Rendering {
  /** extras: the same in the further formats that were asked for. report: enough to repeat it. */
  private constructor(
    output: Output,
    readonly extras: readonly Rendering[],
    readonly report: RunReport | undefined,
  ) {
    super(output);
  }

  static of(message: PictureMessage): Picture {
    if (message.output === undefined) {
      throw new TypeError("the server's answer has no output");
    }
    return new Picture(
      message.output,
      message.extraOutputs.map((extra) => new Rendering(extra)),
      message.report,
    );
  }
}

/** What happens to a picture in a stream; the last event is the picture. Accepted comes again after a replay. */
export type PictureEvent =
  | { type: "accepted"; accepted: ImageAccepted }
  | { type: "progress"; progress: ImageProgress }
  | { type: "preview"; preview: Rendering; roundsDone: number; roundsTotal: number }
  | { type: "picture"; picture: Picture };

/** Undefined for an event that this version does not know. Throws for a picture that failed. */
export function pictureEvent({ event }: StreamDetokenizeResponse): PictureEvent | undefined {
  switch (event?.$case) {
    case "accepted":
      return { type: "accepted", accepted: event.value };
    case "progress":
      return { type: "progress", progress: event.value };
    case "preview": {
      const { output, roundsDone, roundsTotal } = event.value;
      return output && { type: "preview", preview: new Rendering(output), roundsDone, roundsTotal };
    }
    case "image":
      return { type: "picture", picture: Picture.of(event.value) };
    case "error":
      throw imageError(event.value);
    default:
      return undefined;
  }
}
