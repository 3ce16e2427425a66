"""Where the server is and how it is spoken to: target, TLS, token, retries, balancing."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import grpc

from madit_client.retry import RetryPolicy

_SERVICE = "madit.v1.VisualTokenService"
# Streams are not among them: replaying their ids is this package's work, see `stream`.
_UNARY = ("Detokenize", "Tokenize", "Generate", "CompleteTokens", "ListModels", "GetModel")
_MEBIBYTE = 1 << 20


@dataclass(frozen=True)
class Tls:
    """What to trust and what to show, all PEM files.

    ca: authorities of the server's certificate. Default: gRPC's own list.
    certificate, key: the client's certificate with its chain and its key, for mutual TLS. Default: none.
    """

    ca: str | os.PathLike[str] | None = None
    certificate: str | os.PathLike[str] | None = None
    key: str | os.PathLike[str] | None = None

    def __post_init__(self) -> None:
        if (self.certificate is None) != (self.key is None):
            raise ValueError("certificate and key must be given together")

    def credentials(self) -> grpc.ChannelCredentials:
        """Reads the files."""
        ca, key, certificate = (
            Path(path).read_bytes() if path else None for path in (self.ca, self.key, self.certificate)
        )
        return grpc.ssl_channel_credentials(ca, key, certificate)


def credentials(tls: bool | Tls) -> grpc.ChannelCredentials | None:
    """None for plain text."""
    if tls is False:
        return None
    return (Tls() if tls is True else tls).credentials()


def target(server: str) -> str:
    """`host:port` resolved by DNS, so that all addresses of a name are balanced; other gRPC targets as they are."""
    return server if ":///" in server or server.startswith(("unix:", "xds:", "ipv4:", "ipv6:")) else f"dns:///{server}"


def metadata(token: str | None) -> tuple[tuple[str, str], ...]:
    """Headers of every call."""
    return (("authorization", f"Bearer {token}"),) if token else ()


def service_config(retry: RetryPolicy) -> str:
    """gRPC's service config: round robin over all addresses, and retries of unary calls.

    gRPC obeys the server's `grpc-retry-pushback-ms`. When half of `maxTokens` failures have come, it stops retrying until
    calls succeed again, so that a broken server is not hammered.
    """
    policy = {
        "maxAttempts": retry.attempts,
        "initialBackoff": f"{retry.first_backoff.total_seconds():.3f}s",
        "maxBackoff": f"{retry.longest_backoff.total_seconds():.3f}s",
        "backoffMultiplier": 2,
        "retryableStatusCodes": ["UNAVAILABLE", "RESOURCE_EXHAUSTED"],
    }
    return json.dumps(
        {
            "loadBalancingConfig": [{"round_robin": {}}],
            "methodConfig": [
                {"name": [{"service": _SERVICE, "method": name} for name in _UNARY], "retryPolicy": policy}
            ],
            "retryThrottling": {"maxTokens": 100, "tokenRatio": 0.5},
        }
    )


def options(retry: RetryPolicy) -> Sequence[tuple[str, str | int]]:
    """Channel arguments of gRPC."""
    return (
        ("grpc.service_config", service_config(retry)),
        # The service config is the caller's, not what DNS TXT records say.
        ("grpc.service_config_disable_resolution", 1),
        # What is larger is not retried. The default, 256 KiB, is less than most pictures; servers take 32 MiB.
        ("grpc.per_rpc_retry_buffer_size", 32 * _MEBIBYTE),
        # Raw pixels of a large picture.
        ("grpc.max_receive_message_length", 256 * _MEBIBYTE),
        ("grpc.max_send_message_length", 256 * _MEBIBYTE),
        # A connection that died without a word is noticed, also while a stream waits for a picture.
        ("grpc.keepalive_time_ms", 30_000),
        ("grpc.keepalive_timeout_ms", 10_000),
        ("grpc.http2.max_pings_without_data", 0),
    )
