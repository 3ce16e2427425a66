"""A real server in a process of its own."""

from __future__ import annotations

import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
PICO = ROOT / "server" / "src" / "test" / "resources" / "models" / "pico-buffer"
START_SECONDS = 600  # the first start builds the server


class ServerProcess:
    """`./madit serve` on free local ports. Stop it with `stop` or as a context manager."""

    def __init__(self, log: Path, *flags: str, model: Path = PICO) -> None:
        self.log = log
        self.port, self._http_port = _free_ports(2)
        ports = ["--port", str(self.port), "--http-port", str(self._http_port)]
        # float32, because only that is promised to be the same each time.
        fixed = ["--model", str(model), "--precision", "float32", *ports]
        command = [str(ROOT / "madit"), "serve", *fixed, *flags]
        # What protects another server is not for this one.
        environment = {key: value for key, value in os.environ.items() if not key.startswith("MADIT_")}
        with log.open("wb") as out:
            self._process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, env=environment)

    @property
    def address(self) -> str:
        return f"localhost:{self.port}"

    def await_ready(self) -> None:
        """Waits until /readyz says so. Raises RuntimeError with the log's end if the server does not start."""
        limit = time.monotonic() + START_SECONDS
        while not self._ready():
            if self._process.poll() is not None or time.monotonic() > limit:
                raise RuntimeError(f"the server did not start: {self.log.read_text()[-2000:]}")
            time.sleep(0.1)

    def _ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self._http_port}/readyz", timeout=5) as answer:
                return answer.status == 200
        except (urllib.error.URLError, OSError):
            return False

    def kill(self) -> None:
        """As the out-of-memory killer does it."""
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(60)
        except subprocess.TimeoutExpired:
            self.kill()

    def __enter__(self) -> ServerProcess:
        try:
            self.await_ready()
        except BaseException:
            self.kill()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def _free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()
