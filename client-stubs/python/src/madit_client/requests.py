"""Requests from plain Python values."""

from __future__ import annotations

import io
import os
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PIL import Image

from madit.v1 import options_pb2, output_pb2, sampling_pb2, service_pb2, stream_pb2, visual_pb2
from madit.v1.conditioning_pb2 import Conditioning

_LARGEST_ID = 2**32 - 1

ImageSource = bytes | str | os.PathLike[str] | Image.Image
KnownIds = Iterable[int] | Mapping[int, int]
Sampling = sampling_pb2.SamplingOptions | Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class PictureOptions:
    """What a picture is drawn from beside its ids, and how. Ranges and defaults are those of the API's fields.

    model: NAME or NAME@VERSION; empty: the server's default.
    seed: of all noise. None: chosen, and named in the report.
    text: the prompt, for models that take one.
    conditioning: all of `madit.v1.Conditioning`, instead of `text`.
    sampling: `madit.v1.SamplingOptions`, or a dict of its fields: {"preset": "fast"}, {"rounds": 16}.
    format: "png", "jpeg", "webp", "raw_rgb", "pixels", "latents" or "tokens".
    output: all of `madit.v1.OutputOptions`, instead of `format`.
    priority: "high", "normal" or "low".
    vocabulary_offset: what to subtract from each given id, and to add to each id that comes back: the first visual id of
        the language model.
    token_count: length of the whole sequence, where the model has several, or some ids are to be completed.
    completion: the model that fills in missing ids, by name or as a `madit.v1.Completion`. None: ids must be whole.
    request_id: the caller's name for the request; logged.
    """

    model: str = ""
    seed: int | None = None
    text: str | None = None
    conditioning: Conditioning | None = None
    sampling: Sampling = field(default_factory=dict)
    format: str | None = None
    output: output_pb2.OutputOptions | None = None
    priority: str = "normal"
    vocabulary_offset: int = 0
    token_count: int | None = None
    completion: str | options_pb2.Completion | None = None
    request_id: str = ""

    def __post_init__(self) -> None:
        if self.text is not None and self.conditioning is not None:
            raise ValueError("text and conditioning must not both be given")
        if self.format is not None and self.output is not None:
            raise ValueError("format and output must not both be given")

    def _shared(self) -> dict[str, Any]:
        """The fields that a unary request and a stream's begin have in common."""
        sampling = sampling_pb2.SamplingOptions()
        if isinstance(self.sampling, sampling_pb2.SamplingOptions):
            sampling.CopyFrom(self.sampling)
        else:
            sampling = sampling_pb2.SamplingOptions(**self.sampling)
        if self.seed is not None:
            sampling.seed = self.seed
        text = None if self.text is None else Conditioning(text=self.text)
        return {
            "model": self.model,
            "conditioning": self.conditioning or text,
            "sampling": sampling,
            "completion": self._completion(),
            "output": self.output or output_pb2.OutputOptions(format=output_format(self.format)),
            "options": options_pb2.RequestOptions(
                client_request_id=self.request_id, priority=_enum(options_pb2.Priority, "priority", self.priority)
            ),
        }

    def _completion(self) -> options_pb2.Completion | None:
        return options_pb2.Completion(model=self.completion) if isinstance(self.completion, str) else self.completion

    def _tokens(self, known: KnownIds) -> visual_pb2.TokenIds:
        ids, positions = (known.values(), known.keys()) if isinstance(known, Mapping) else (known, ())
        return visual_pb2.TokenIds(
            ids=as_ids(ids),
            positions=as_ids(positions, "positions"),
            vocabulary_offset=self.vocabulary_offset,
            token_count=self.token_count,
        )

    def detokenize(self, ids: KnownIds) -> service_pb2.DetokenizeRequest:
        visual = visual_pb2.VisualTokens(token_ids=self._tokens(ids))
        return service_pb2.DetokenizeRequest(visual=visual, **self._shared())

    def generate(self, decoder: str | options_pb2.Decoder | None) -> service_pb2.GenerateRequest:
        if self.completion is not None:
            raise ValueError("completion must not be given: generate draws all tokens itself")
        shared = self._shared()
        shared.pop("completion")
        return service_pb2.GenerateRequest(
            token_count=self.token_count,
            vocabulary_offset=self.vocabulary_offset,
            decoder=options_pb2.Decoder(model=decoder) if isinstance(decoder, str) else decoder,
            **shared,
        )

    def complete_tokens(self, known: KnownIds) -> service_pb2.CompleteTokensRequest:
        for name in ("format", "output", "completion"):
            if getattr(self, name) is not None:
                raise ValueError(f"{name} must not be given: ids are completed, no picture is drawn")
        shared = self._shared()
        return service_pb2.CompleteTokensRequest(
            known=self._tokens(known),
            **{name: shared[name] for name in ("model", "conditioning", "sampling", "options")},
        )

    def begin(self, *, progress: bool, preview_every_rounds: int, preview_format: str) -> stream_pb2.BeginImage:
        """Its seed is always set: a replay of the ids must draw the same picture."""
        begin = stream_pb2.BeginImage(
            vocabulary_offset=self.vocabulary_offset,
            token_count=self.token_count,
            progress=progress,
            preview_every_rounds=preview_every_rounds,
            preview_format=output_format(preview_format),
            **self._shared(),
        )
        if not begin.sampling.HasField("seed"):
            begin.sampling.seed = secrets.randbits(64)
        return begin


def tokenize(image: ImageSource, model: str, vocabulary_offset: int) -> service_pb2.TokenizeRequest:
    return service_pb2.TokenizeRequest(model=model, image=image_input(image), vocabulary_offset=vocabulary_offset)


def image_input(image: ImageSource) -> visual_pb2.ImageInput:
    """A path is read, bytes are a PNG, JPEG or WebP file; a PIL image is sent without loss."""
    if isinstance(image, bytes):
        return visual_pb2.ImageInput(encoded=image)
    if not isinstance(image, Image.Image):
        return visual_pb2.ImageInput(encoded=Path(image).read_bytes())
    if image.mode == "RGB":
        raw = visual_pb2.RawImage(width=image.width, height=image.height, rgb=image.tobytes())
        return visual_pb2.ImageInput(raw=raw)
    file = io.BytesIO()
    image.save(file, "PNG", compress_level=1)
    return visual_pb2.ImageInput(encoded=file.getvalue())


def as_ids(ids: Any, name: str = "ids") -> list[int]:
    """One id, or any number of them, also as an array of NumPy or torch. Raises ValueError for what cannot be an id."""
    if isinstance(ids, Mapping):  # its keys would pass for ids
        raise ValueError(f"{name} must come in their order, is a {type(ids).__name__}")
    plain = ids.tolist() if hasattr(ids, "tolist") else ids
    values = [plain] if isinstance(plain, int) else list(plain)
    for place, value in enumerate(values):
        if not isinstance(value, int) or not 0 <= value <= _LARGEST_ID:
            raise ValueError(f"{name}[{place}] must be a whole number from 0 to {_LARGEST_ID}, is {value!r}")
    return values


def output_format(name: str | None) -> output_pb2.OutputFormat:
    if name is None:
        return output_pb2.OUTPUT_FORMAT_UNSPECIFIED
    value: output_pb2.OutputFormat = _enum(output_pb2.OutputFormat, "output_format", name)
    return value


def _enum(enum: Any, prefix: str, name: str) -> Any:
    values = {key.removeprefix(f"{prefix}_".upper()).lower(): value for key, value in enum.items() if value}
    if name not in values:
        raise ValueError(f"{prefix} must be one of {', '.join(values)}, is {name!r}")
    return values[name]
