from __future__ import annotations

from collections.abc import Iterator

import pytest
from server import ROOT, ServerProcess

from madit_client import MaditClient


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server with the pico bundle: 64 x 64 pixels, 16 ids below 64."""
    with ServerProcess(tmp_path_factory.mktemp("server") / "log") as running:
        yield running


@pytest.fixture
def client(server: ServerProcess) -> Iterator[MaditClient]:
    with MaditClient(server.address) as connected:
        yield connected


@pytest.fixture(scope="session")
def tree() -> bytes:
    """A PNG file."""
    return (ROOT / "demo" / "pictures" / "tree.png").read_bytes()
