"""TLS, client certificates and tokens against a real server."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from certificates import Authority
from server import ServerProcess

from madit_client import MaditClient, PermissionDenied, Picture, Tls, Unauthenticated, Unavailable

IDS = list(range(16))
DRAWER = "drawer-token-0123456789"
WATCHER = "watcher-token-0123456789"


@dataclass
class Secured:
    server: ServerProcess
    authority: Authority


@pytest.fixture(scope="module")
def secured(tmp_path_factory):
    """A server that asks for a client certificate or a token."""
    folder = tmp_path_factory.mktemp("secured")
    authority = Authority(folder, "ours")
    certificate, key = authority.issue("server")
    tokens = folder / "tokens"
    tokens.write_text(f"drawer {DRAWER}\nwatcher {WATCHER} admin\n")
    flags = ["--tls-certificate", certificate, "--tls-key", key, "--tls-client-ca", authority.ca]
    flags += ["--tls-client-auth", "optional", "--auth-tokens", tokens]
    with ServerProcess(folder / "log", *map(str, flags)) as server:
        yield Secured(server, authority)


def test_tls_and_token_draw_and_stream(secured):
    with MaditClient(secured.server.address, tls=Tls(ca=secured.authority.ca), token=DRAWER) as client:
        assert client.detokenize(IDS).image().size == (64, 64)
        assert isinstance(client.stream(IDS).result(), Picture)


def test_client_certificate_draws_without_a_token(secured):
    certificate, key = secured.authority.issue("client")
    tls = Tls(ca=secured.authority.ca, certificate=certificate, key=key)
    with MaditClient(secured.server.address, tls=tls) as client:
        assert client.detokenize(IDS).image().size == (64, 64)


@pytest.mark.parametrize("token", [None, "a-token-that-nobody-knows"])
def test_without_a_known_token_unauthenticated(secured, token):
    with MaditClient(secured.server.address, tls=Tls(ca=secured.authority.ca), token=token) as client:
        with pytest.raises(Unauthenticated) as failure:
            client.detokenize(IDS)
        assert failure.value.reason == "UNAUTHENTICATED"
        with pytest.raises(Unauthenticated):
            client.stream(IDS).result()


def test_token_without_the_scope_permission_denied(secured):
    with MaditClient(secured.server.address, tls=Tls(ca=secured.authority.ca), token=WATCHER) as client:
        assert client.models()
        with pytest.raises(PermissionDenied) as failure:
            client.detokenize(IDS)
        assert failure.value.reason == "PERMISSION_DENIED"


def test_server_of_another_authority_is_not_trusted(secured, tmp_path):
    other = Authority(tmp_path, "theirs")
    with MaditClient(secured.server.address, tls=Tls(ca=other.ca), token=DRAWER) as client:
        with pytest.raises(Unavailable):
            client.models()


def test_plain_text_does_not_reach_a_tls_server(secured):
    with MaditClient(secured.server.address, token=DRAWER) as client, pytest.raises(Unavailable):
        client.models()


def test_certificate_without_its_key_is_refused_here():
    with pytest.raises(ValueError, match="certificate and key must be given together"):
        Tls(certificate="a.crt")
