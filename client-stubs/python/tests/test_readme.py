"""What README.md says to type works as it stands there."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path

from PIL import Image
from server import ROOT

README = (Path(__file__).parents[1] / "README.md").read_text()


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def test_first_example_gives_a_picture(server, tmp_path):
    example = ROOT / "client-stubs" / "python" / "examples" / "first_picture.py"
    assert example.read_text() == blocks("python")[0]
    (tmp_path / "demo").symlink_to(ROOT / "demo")
    environment = {**os.environ, "MADIT_SERVER": server.address}
    run = subprocess.run(
        [sys.executable, example], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
    )
    assert re.match(r"64 x 64 in 0:00:\d\d", run.stdout)
    assert Image.open(tmp_path / "tree.png").size == (64, 64)


def test_stream_example_runs(client, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Image.Image, "show", lambda image: None)
    code = "from madit_client import Picture, Preview, Progress\n" + blocks("python")[3]
    exec(code, {"client": client, "ids_of_the_language_model": lambda: iter(range(16))})
    assert Image.open("picture.png").size == (64, 64)


def test_asyncio_example_runs(server, monkeypatch, capsys):
    monkeypatch.setenv("MADIT_SERVER", server.address)
    monkeypatch.chdir(ROOT)
    code = "from madit_client import AsyncMaditClient\nasync def main():\n" + textwrap.indent(
        blocks("python")[4], "    "
    )

    async def ids():
        yield list(range(16))

    names = {"ids_of_the_language_model": ids}
    exec(code, names)
    asyncio.run(names["main"]())
    assert capsys.readouterr().out.splitlines()[-1] == "Picture(OUTPUT_FORMAT_PNG, 64 x 64)"


def test_error_example_prints_the_fields(client, capsys):
    code = "from madit_client import InvalidRequest\n" + blocks("python")[6]
    exec(code, {"client": client, "ids": [64] * 16})
    assert capsys.readouterr().out.startswith("visual.token_ids.ids[0] ")
