"""The client."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from madit.v1 import model_pb2, options_pb2
from madit_client import requests, results
from madit_client.channel import Tls
from madit_client.connection import Connection, result
from madit_client.requests import ImageSource, KnownIds, PictureOptions
from madit_client.results import Picture
from madit_client.retry import RetryPolicy
from madit_client.stream import PictureStream


class MaditClient:
    """Talks to madit servers. Thread-safe; one per process is enough. Close it, or use it as a context manager.

    server: HOST:PORT, or any gRPC target. All addresses of HOST are used in turn. Default: what the environment variable
        MADIT_SERVER says, else localhost:8500.
    tls: False: plain text. True: TLS with gRPC's own authorities. Or a `Tls`.
    token: the bearer token. Default: none.
    timeout: seconds for each call, its retries included.
    stream_timeout: seconds for each stream, from its opening to the picture, waits for ids and retries included.
    retry: how failures are tried again.
    """

    def __init__(
        self,
        server: str | None = None,
        *,
        tls: bool | Tls = False,
        token: str | None = None,
        timeout: float = 60,
        stream_timeout: float = 600,
        retry: RetryPolicy | None = None,
    ) -> None:
        self._connection = Connection(server, tls, token, timeout, stream_timeout, retry)

    def __enter__(self) -> MaditClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends all calls and connections."""
        self._connection.close()

    def models(self) -> list[model_pb2.ModelSummary]:
        """The loaded models."""
        return list(self._call("ListModels", model_pb2.ListModelsRequest()).models)

    def model(self, name: str = "") -> model_pb2.Model:
        """All about one model; without a name about the server's default."""
        response: model_pb2.GetModelResponse = self._call("GetModel", model_pb2.GetModelRequest(model=name))
        return response.model

    def tokenize(
        self, image: ImageSource, *, model: str = "", vocabulary_offset: int = 0, timeout: float | None = None
    ) -> list[int]:
        """The ids of a picture: a path, the bytes of a PNG, JPEG or WebP file, or a PIL image.

        vocabulary_offset: added to each id. timeout: seconds; default: the client's.
        """
        request = requests.tokenize(image, model, vocabulary_offset)
        return list(self._call("Tokenize", request, timeout).visual.token_ids.ids)

    def detokenize(self, ids: KnownIds, *, timeout: float | None = None, **options: Any) -> Picture:
        """Draws a picture from all its ids, or from some of them if a `completion` draws the others.

        ids: all, the first ones, or a mapping of places in raster order to ids.
        timeout: seconds; default: the client's. options: those of `PictureOptions`.
        """
        request = PictureOptions(**options).detokenize(ids)
        return results.picture(self._call("Detokenize", request, timeout))

    def generate(
        self, *, decoder: str | options_pb2.Decoder | None = None, timeout: float | None = None, **options: Any
    ) -> Picture:
        """Draws a picture from text, a class or features alone, with a model that generates.

        decoder: turns the generated tokens into the picture: a name or a `madit.v1.Decoder`. Default: the generator's own.
        timeout: seconds; default: the client's. options: those of `PictureOptions`.
        """
        request = PictureOptions(**options).generate(decoder)
        return results.picture(self._call("Generate", request, timeout))

    def complete_tokens(self, known: KnownIds = (), *, timeout: float | None = None, **options: Any) -> list[int]:
        """All ids of a partial sequence; the known ones are kept.

        known: the first ids, or a mapping of places in raster order to ids. None known: all are drawn.
        timeout: seconds; default: the client's. options: those of `PictureOptions` that are not about a picture.
        """
        request = PictureOptions(**options).complete_tokens(known)
        return list(self._call("CompleteTokens", request, timeout).tokens.ids)

    def stream(
        self,
        ids: Iterable[Any] | None = None,
        *,
        progress: bool = True,
        preview_every_rounds: int = 0,
        preview_format: str = "jpeg",
        timeout: float | None = None,
        **options: Any,
    ) -> PictureStream:
        """Draws a picture from ids as they come; iterate over the result for progress, previews and the picture.

        ids: an iterable of ids or of pieces of ids, read in a thread of its own. None: give them by `PictureStream.put`.
        progress: whether there are `Progress` events.
        preview_every_rounds: a `Preview` after every so many rounds; 0: none. Servers drop previews under load.
        preview_format: "png", "jpeg", "webp" or "raw_rgb".
        timeout: seconds for all; default: the client's stream_timeout. options: those of `PictureOptions`.
        """
        stream = self._connection.stream(
            PictureOptions(**options),
            timeout,
            progress=progress,
            every=preview_every_rounds,
            preview_format=preview_format,
        )
        if ids is not None:
            stream.feed(ids)
        return stream

    def _call(self, method: str, request: Any, timeout: float | None = None) -> Any:
        call = self._connection.start(method, request, timeout)
        try:
            return result(call)
        except BaseException:
            call.cancel()  # where the wait was interrupted, as by Ctrl-C
            raise
