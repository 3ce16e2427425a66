"""What comes back: pictures, and the events of a stream."""

from __future__ import annotations

import io
import os
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from PIL import Image

from madit.v1 import output_pb2, service_pb2, stream_pb2
from madit_client.errors import from_image


@dataclass(frozen=True, repr=False)
class Rendering:
    """Pixels in some format.

    data: the file, or for raw RGB height * width * 3 bytes, rows from the top. Empty if the result is not a picture.
    media_type: such as "image/png"; empty if `data` is not a file.
    width, height: in pixels; 0 if the result is not a picture.
    output: the message as it came, for results that are tensors or ids.
    """

    output: output_pb2.Output

    @property
    def data(self) -> bytes:
        return self.output.data

    @property
    def media_type(self) -> str:
        return self.output.media_type

    @property
    def width(self) -> int:
        return self.output.width

    @property
    def height(self) -> int:
        return self.output.height

    def __repr__(self) -> str:
        """Without the content, which may be megabytes."""
        name = output_pb2.OutputFormat.Name(self.output.format)
        return f"{type(self).__name__}({name}, {self.width} x {self.height})"

    def image(self) -> Image.Image:
        """Decodes it. Raises ValueError if the result is not a picture."""
        if self.output.format == output_pb2.OUTPUT_FORMAT_RAW_RGB:
            return Image.frombytes("RGB", (self.width, self.height), self.data)
        if not self.media_type:
            name = output_pb2.OutputFormat.Name(self.output.format)
            raise ValueError(f"{name} is not a picture; see output")
        image = Image.open(io.BytesIO(self.data))
        image.load()
        return image

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes the bytes as they are, whatever the name of the file ends in."""
        Path(path).write_bytes(self.data)


@dataclass(frozen=True, repr=False)
class Picture(Rendering):
    """A final picture.

    report: how it came to be, enough to repeat it.
    extras: the same in the further formats that were asked for.
    """

    report: output_pb2.RunReport
    extras: tuple[Rendering, ...] = ()

    @property
    def seed(self) -> int:
        return self.report.seed

    @property
    def timings(self) -> dict[str, timedelta]:
        """Times by phase, named as in `madit.v1.Timings`; phases that did not happen are absent."""
        return {field.name: value.ToTimedelta() for field, value in self.report.timings.ListFields()}


@dataclass(frozen=True)
class Accepted:
    """The picture was admitted: ids may come.

    token_count, rounds: expected; 0 if not known before the last id.
    estimated: from the last id to the picture, at the present load.
    """

    request_id: str
    model: str
    seed: int
    token_count: int
    rounds: int
    estimated: timedelta


@dataclass(frozen=True)
class Progress:
    """The state of the work.

    phase: "awaiting_tokens", "queued", "completing", "rounds", "decoding" or "encoding"; servers may add others.
    remaining: estimated time to the picture.
    """

    phase: str
    tokens_received: int
    tokens_total: int
    rounds_done: int
    rounds_total: int
    patches_done: int
    patches_total: int
    remaining: timedelta


@dataclass(frozen=True, repr=False)
class Preview(Rendering):
    """The picture so far."""

    rounds_done: int
    rounds_total: int
    patches_done: int


Event = Accepted | Progress | Preview | Picture


def picture(
    message: service_pb2.DetokenizeResponse | service_pb2.GenerateResponse | stream_pb2.ImageResult,
) -> Picture:
    return Picture(message.output, message.report, tuple(Rendering(extra) for extra in message.extra_outputs))


def event(response: stream_pb2.StreamDetokenizeResponse) -> Event | None:
    """None for an event that this version does not know. Raises MaditError for a picture that failed."""
    kind = response.WhichOneof("event")
    if kind == "accepted":
        return _accepted(response.accepted)
    if kind == "progress":
        return _progress(response.progress)
    if kind == "preview":
        preview = response.preview
        return Preview(preview.output, preview.rounds_done, preview.rounds_total, preview.patches_done)
    if kind == "image":
        return picture(response.image)
    if kind == "error":
        raise from_image(response.error)
    return None


def _accepted(message: stream_pb2.ImageAccepted) -> Accepted:
    return Accepted(
        message.request_id,
        f"{message.model}@{message.model_version}",
        message.seed,
        message.token_count,
        message.rounds,
        message.estimated_time.ToTimedelta(),
    )


def _progress(message: stream_pb2.ImageProgress) -> Progress:
    known = message.phase in stream_pb2.ImagePhase.values()
    name = stream_pb2.ImagePhase.Name(message.phase) if known else str(message.phase)
    return Progress(
        name.removeprefix("IMAGE_PHASE_").lower(),
        message.tokens_received,
        message.tokens_total,
        message.rounds_done,
        message.rounds_total,
        message.patches_done,
        message.patches_total,
        message.estimated_remaining.ToTimedelta(),
    )
