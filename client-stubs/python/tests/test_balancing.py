"""Two real servers behind client-side round robin, one of which dies."""

from __future__ import annotations

from PIL import ImageChops
from server import ServerProcess

from madit_client import Accepted, MaditClient

IDS = list(range(16))


def serve_both(client, servers):
    """Calls until both have answered: then both are in the round."""
    while not all("ListModels" in each.log.read_text() for each in servers):
        client.models()


def test_killed_server_loses_no_picture(server, tmp_path):
    with ServerProcess(tmp_path / "log") as victim:
        target = f"ipv4:127.0.0.1:{server.port},127.0.0.1:{victim.port}"
        with MaditClient(target, timeout=30, stream_timeout=60) as client:
            serve_both(client, (server, victim))
            wanted = client.detokenize(IDS, seed=7).image()
            # One after the other: one on each server.
            streams = [client.stream(seed=7) for _ in range(2)]
            for stream in streams:
                stream.put(IDS[:8])
                assert isinstance(next(stream), Accepted)
            victim.kill()
            for stream in streams:
                stream.put(IDS[8:])
                stream.finish()
            accepted = 0
            for stream in streams:
                accepted += sum(isinstance(event, Accepted) for event in stream)
                # Drawn together with another, a picture may differ by 3 of 255.
                difference = ImageChops.difference(stream.result().image(), wanted)
                assert all(highest <= 3 for _, highest in difference.getextrema())
            assert accepted == 1
