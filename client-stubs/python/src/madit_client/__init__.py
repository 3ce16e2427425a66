"""Client of madit-serving: visual token ids to pictures and back."""

from madit_client.aio import AsyncMaditClient
from madit_client.aio_stream import AsyncPictureStream
from madit_client.channel import Tls
from madit_client.client import MaditClient
from madit_client.errors import (
    Cancelled,
    DeadlineExceeded,
    FieldViolation,
    InvalidRequest,
    MaditError,
    ModelNotFound,
    NotSupported,
    Overloaded,
    PermissionDenied,
    ServerFault,
    Unauthenticated,
    Unavailable,
)
from madit_client.requests import PictureOptions
from madit_client.results import Accepted, Event, Picture, Preview, Progress, Rendering
from madit_client.retry import RetryPolicy
from madit_client.stream import PictureStream

__all__ = [
    "Accepted",
    "AsyncMaditClient",
    "AsyncPictureStream",
    "Cancelled",
    "DeadlineExceeded",
    "Event",
    "FieldViolation",
    "InvalidRequest",
    "MaditClient",
    "MaditError",
    "ModelNotFound",
    "NotSupported",
    "Overloaded",
    "PermissionDenied",
    "Picture",
    "PictureOptions",
    "PictureStream",
    "Preview",
    "Progress",
    "Rendering",
    "RetryPolicy",
    "ServerFault",
    "Tls",
    "Unauthenticated",
    "Unavailable",
]
