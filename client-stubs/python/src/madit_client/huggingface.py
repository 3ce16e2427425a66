"""Pictures from a Hugging Face language model while it generates. PictureGrammar needs the extra `transformers`."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from madit_client.client import MaditClient
from madit_client.results import Event, Picture
from madit_client.stream import PictureStream

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, kw_only=True)
class VisualVocabulary:
    """How pictures are written in a language model's vocabulary: begin_image, token_count visual ids, end_image.

    offset: the first visual id.
    size: the number of visual ids, `Model.codebook_size`.
    token_count: visual ids per picture, one of `Model.token_counts`.
    begin_image, end_image: ids that are not visual ids.
    """

    offset: int
    size: int
    token_count: int
    begin_image: int
    end_image: int

    def __post_init__(self) -> None:
        for name, least in (("offset", 0), ("size", 1), ("token_count", 1), ("begin_image", 0), ("end_image", 0)):
            if getattr(self, name) < least:
                raise ValueError(f"{name} must be at least {least}, is {getattr(self, name)}")
        for name in ("begin_image", "end_image"):
            if self.is_visual(getattr(self, name)):
                raise ValueError(f"{name} must not be a visual id, is {getattr(self, name)}")
        if self.begin_image == self.end_image:
            raise ValueError(f"begin_image and end_image must differ, both are {self.end_image}")

    def is_visual(self, token: int) -> bool:
        return self.offset <= token < self.offset + self.size


class PictureGrammar:
    """A logits processor that lets a model write whole pictures only.

    After begin_image: visual ids, exactly token_count of them, then end_image. Elsewhere: neither visual ids nor end_image.
    Whether a picture begins is left to the model.
    """

    def __init__(self, vocabulary: VisualVocabulary) -> None:
        self._vocabulary = vocabulary

    def __call__(self, input_ids: torch.LongTensor, scores: torch.FloatTensor) -> torch.FloatTensor:
        """input_ids: int64 [batch, length], prompts included; scores: [batch, vocabulary] -> same, forbidden ones -inf."""
        import torch

        vocabulary = self._vocabulary
        length = input_ids.shape[1]
        places = torch.arange(length, device=input_ids.device)
        last_begin = torch.where(input_ids == vocabulary.begin_image, places, -1).amax(1, keepdim=True)  # [batch, 1]
        last_end = torch.where(input_ids == vocabulary.end_image, places, -1).amax(1, keepdim=True)
        inside = last_begin > last_end
        full = length - 1 - last_begin >= vocabulary.token_count
        words = torch.arange(scores.shape[1], device=scores.device)
        visual = (words >= vocabulary.offset) & (words < vocabulary.offset + vocabulary.size)
        end = words == vocabulary.end_image
        allowed = torch.where(inside, torch.where(full, end, visual), ~(visual | end))  # [batch, vocabulary]
        return scores.masked_fill(~allowed, float("-inf"))


class VisualTokenStreamer:
    """A streamer for `generate(streamer=...)` that sends the ids of each picture while the model samples them.

    Each picture is one stream to the server, begun with begin_image, also where that is in the prompt. Rows of a batch are
    told apart. When a picture fails while its ids are sampled, `generate` ends with that failure: its ids are not needed any
    more.

    on_event: called with the picture's number (from 0, by beginning) and each `Accepted`, `Progress`, `Preview` and
        `Picture`, in a thread of that picture.
    options: those of `MaditClient.stream`, for every picture.
    """

    def __init__(
        self,
        client: MaditClient,
        vocabulary: VisualVocabulary,
        *,
        on_event: Callable[[int, Event], None] | None = None,
        **options: Any,
    ) -> None:
        self._client = client
        self._vocabulary = vocabulary
        self._on_event = on_event
        self._options = options
        self._drawings: list[_Drawing] = []
        self._open: list[_Drawing | None] | None = None  # per row; None before the prompt has come

    def put(self, value: Any) -> None:
        """What `generate` calls: first with the prompts [batch, length], then with the next ids [batch] or [batch, n]."""
        rows = [row if isinstance(row, list) else [row] for row in value.tolist()]
        if self._open is None:
            self._open = [None] * len(rows)
            rows = [self._unfinished(row) for row in rows]
        for row, tokens in enumerate(rows):
            for token in tokens:
                self._take(row, token)

    def end(self) -> None:
        """What `generate` calls at its end. A picture that lacks ids fails, unless a completion was asked for."""
        for drawing in self._open or ():
            if drawing is not None:
                drawing.stream.finish()
        self._open = None

    def pictures(self) -> list[Picture]:
        """Waits for all pictures; by beginning. Raises the failure of the first that failed."""
        return [drawing.result.result() for drawing in self._drawings]

    def close(self) -> None:
        """Cancels the pictures that are not done."""
        for drawing in self._drawings:
            drawing.stream.close()

    def _unfinished(self, prompt: list[int]) -> list[int]:
        """The end of a prompt from its last begin_image, if no end_image follows: that picture is still to be written."""
        for place in range(len(prompt) - 1, -1, -1):
            if prompt[place] == self._vocabulary.end_image:
                break
            if prompt[place] == self._vocabulary.begin_image:
                return prompt[place:]
        return []

    def _take(self, row: int, token: int) -> None:
        assert self._open is not None
        drawing = self._open[row]
        if drawing is None:
            if token == self._vocabulary.begin_image:
                self._open[row] = self._begin()
        elif token == self._vocabulary.end_image:
            drawing.stream.finish()
            self._open[row] = None
        else:
            drawing.check()
            if not self._vocabulary.is_visual(token):
                drawing.stream.close()
                first, end = self._vocabulary.offset, self._vocabulary.end_image
                last = first + self._vocabulary.size - 1
                raise ValueError(f"inside a picture an id must be {first} to {last}, or {end} to end it, is {token}")
            drawing.stream.put(token)

    def _begin(self) -> _Drawing:
        number = len(self._drawings)
        stream = self._client.stream(vocabulary_offset=self._vocabulary.offset, **self._options)
        on_event = self._on_event
        drawing = _Drawing(stream, (lambda event: on_event(number, event)) if on_event else None)
        self._drawings.append(drawing)
        return drawing


class _Drawing:
    """One picture and the thread that reads its events."""

    def __init__(self, stream: PictureStream, on_event: Callable[[Event], None] | None) -> None:
        self.stream = stream
        self.result: Future[Picture] = Future()
        self._on_event = on_event
        threading.Thread(target=self._read, name="madit-picture", daemon=True).start()

    def _read(self) -> None:
        try:
            for event in self.stream:
                if self._on_event is not None:
                    self._on_event(event)
            self.result.set_result(self.stream.result())
        except BaseException as failure:
            self.stream.close()
            self.result.set_exception(failure)

    def check(self) -> None:
        """Raises the picture's failure if it has failed already."""
        if self.result.done():
            self.result.result()
