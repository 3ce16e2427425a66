"""Authors' weights give the authors' numbers."""

import json
from pathlib import Path

import pytest
from safetensors.torch import load_file, save_file
from typer.testing import CliRunner

from modelkit.cli import app
from modelkit.families.case import load_case
from modelkit.families.registry import verify

ORACLES = Path(__file__).parents[1] / "data" / "oracles"
CASES = sorted(folder.parent.name for folder in ORACLES.glob("*/config.json"))


@pytest.mark.parametrize("name", CASES)
def test_recorded_case_is_reproduced(name):
    report = verify(load_case(ORACLES / name))
    assert report.ok, report.as_table()


def _copy(name: str, folder: Path, **changes) -> Path:
    for file in (ORACLES / name).iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    for file, change in changes.items():
        tensors = load_file(folder / f"{file}.safetensors")
        change(tensors)
        save_file(tensors, folder / f"{file}.safetensors")
    return folder


def test_verify_prints_the_table_and_succeeds():
    result = CliRunner().invoke(app, ["verify", str(ORACLES / "mar")])
    assert result.exit_code == 0
    assert "final" in result.output
    assert result.output.rstrip().endswith("all within")


def test_verify_fails_on_a_changed_number_and_names_it_in_json(tmp_path):
    folder = _copy("mar", tmp_path, case=lambda tensors: tensors["final"].add_(1e-3))
    result = CliRunner().invoke(app, ["verify", str(folder), "--json"])
    assert result.exit_code == 1
    document = json.loads(result.output)
    assert document["family"] == "mar"
    assert [tensor["name"] for tensor in document["tensors"] if not tensor["ok"]] == ["final", "served.final"]


def test_verify_names_what_is_missing(tmp_path):
    folder = _copy("mar", tmp_path, weights=lambda tensors: tensors.pop("mask_token"))
    result = CliRunner().invoke(app, ["verify", str(folder)])
    assert result.exit_code == 2
    assert "missing: mask_token" in result.output


def test_verify_names_a_missing_input(tmp_path):
    folder = _copy("v2flow-patches", tmp_path, case=lambda tensors: tensors.pop("in.latents"))
    result = CliRunner().invoke(app, ["verify", str(folder)])
    assert result.exit_code == 2
    assert "missing: in.latents" in result.output


@pytest.mark.parametrize("content", ["[]", "{}", "{"])
def test_verify_refuses_a_bad_config(content, tmp_path):
    folder = _copy("v2flow-patches", tmp_path)
    (folder / "config.json").write_text(content)
    result = CliRunner().invoke(app, ["verify", str(folder)])
    assert result.exit_code == 2
    assert "config.json" in result.output


def test_verify_refuses_an_unknown_class(tmp_path):
    folder = _copy("mar", tmp_path)
    (folder / "config.json").write_text(json.dumps({"class": "models.Unknown", "ctor": {}}))
    result = CliRunner().invoke(app, ["verify", str(folder)])
    assert result.exit_code == 2
    assert "models.Unknown" in result.output


@pytest.mark.parametrize(("option", "value"), [("--from", "nope"), ("--config", "nope.json")])
def test_convert_refuses_in_one_line(option, value, tmp_path):
    source = ORACLES / "mar"
    given = {"--from": "mar", "--config": str(source / "config.json"), "--out": str(tmp_path / "out")} | {option: value}
    options = [part for pair in given.items() for part in pair]
    result = CliRunner().invoke(app, ["convert", *options, str(source / "weights.safetensors")])
    assert result.exit_code == 2
    assert value in result.output
    assert not (tmp_path / "out").exists()
