"""``python -m modelkit COMMAND``: only parses and calls. Heavy modules are imported by the command that needs them."""

import json
import sys
from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from .maskgil_commands import app as maskgil
from .titok_commands import app as titok

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
app.add_typer(titok, name="titok")
app.add_typer(maskgil, name="maskgil")


class Placement(str, Enum):
    """Where the unconditional condition enters."""

    buffer = "buffer"
    velocity = "velocity"


Device = Annotated[str, typer.Option(help="cpu or cuda:N")]
Bf16 = Annotated[bool, typer.Option(help="bfloat16 autocast; faster only where the device has it")]


@app.command()
def train(
    run: Annotated[str, typer.Option(help="name of the run; an unfinished one is resumed")] = "madit-nano",
    preset: Annotated[str, typer.Option(help="preset to train")] = "madit-nano",
    device: Device = "cpu",
    bf16: Bf16 = False,
) -> None:
    """Trains a model from nothing on composed emoji scenes."""
    from .madit import PRESETS
    from .train import RECIPE, emoji_scenes, train_model
    from .trainer import run_dir

    train_model(PRESETS[preset], RECIPE, emoji_scenes(RECIPE.scenes), run_dir(run), device, bf16)


@app.command(name="eval")
def evaluate(
    run: Annotated[str, typer.Option(help="name of a training run")] = "madit-nano",
    bundle: Annotated[Path | None, typer.Option(help="a bundle folder, in place of a run")] = None,
    split: Annotated[str, typer.Option(help="validation (choose settings) or test (report)")] = "validation",
    count: Annotated[int, typer.Option(help="pictures")] = 32,
    out: Annotated[Path, typer.Option(help="folder for grid.png, table.md and metrics.json")] = Path("out/eval"),
    sweep: Annotated[
        bool, typer.Option(help="guidance x noise scale on the validation split instead of the table")
    ] = False,
    rounds: Annotated[int, typer.Option(help="rounds of the sweep")] = 16,
) -> None:
    """Prints the quality table on held-out pictures and writes a picture grid."""
    from . import evaluate as evaluation
    from .bundle import read_model
    from .train import load_model
    from .trainer import run_dir

    model = read_model(bundle) if bundle else load_model(run_dir(run))
    if sweep:
        evaluation.sweep(model, count, rounds, out)
    else:
        evaluation.evaluate(model, split, count, out)


@app.command()
def presets(
    bundle: Annotated[Path, typer.Option(help="bundle folder")],
    split: Annotated[str, typer.Option(help="validation (choose settings) or test (report)")] = "validation",
    count: Annotated[int, typer.Option(min=1, help="pictures")] = 16,
    out: Annotated[Path, typer.Option(help="folder for presets.md, presets.json and presets.webp")] = Path(
        "out/presets"
    ),
    write: Annotated[bool, typer.Option("--write", help="write the numbers into the bundle's manifest")] = False,
) -> None:
    """Measures the presets of a bundle against its preset exact and against held-out pictures."""
    from .presets import measure_bundle

    try:
        measure_bundle(bundle, split, count, out, write)
    except ValueError as error:
        raise _fatal(error) from error


@app.command()
def export(
    out: Annotated[Path, typer.Option(help="bundle folder to write")],
    run: Annotated[str, typer.Option(help="name of a training run")] = "madit-nano",
    version: Annotated[str, typer.Option(help="version of the bundle")] = "1",
    licence: Annotated[str, typer.Option(help="SPDX identifier")] = "Apache-2.0",
    compact: Annotated[bool, typer.Option(help="float16-rounded weights, compressed")] = False,
    metrics: Annotated[Path | None, typer.Option(help="metrics.json of an evaluation")] = None,
    provenance: Annotated[Path | None, typer.Option(help="JSON object: data, time, settings")] = None,
    renew: Annotated[
        Path | None, typer.Option(help="a bundle whose weights and manifest to keep, with today's script")
    ] = None,
) -> None:
    """Writes a trained model as a bundle."""
    from .bundle import BundleInfo, renew_bundle, write_bundle
    from .text import tokenizer_json
    from .train import load_model
    from .trainer import run_dir

    if renew:
        renew_bundle(renew, out, compact)
        return
    model = load_model(run_dir(run))
    model.tokenizer.finish_kl()
    info = BundleInfo(version, licence, _object(provenance), _object(metrics))
    write_bundle(model, out, info, tokenizer_json() if model.config.text else None, compact)


def _object(file: Path | None) -> dict[str, object]:
    return json.loads(file.read_text()) if file else {}


@app.command()
def init(
    preset: Annotated[str, typer.Option(help="madit-512, madit-nano or madit-pico")],
    out: Annotated[Path, typer.Option(help="bundle folder to write")],
    random: Annotated[bool, typer.Option("--random", help="random weights (the only kind there is)")] = False,
    seed: Annotated[int, typer.Option(help="seed of the weights")] = 0,
    guidance_placement: Annotated[Placement | None, typer.Option(help="default: the preset's")] = None,
    patches: Annotated[int | None, typer.Option(help="patches per picture, a square number")] = None,
    text: Annotated[bool, typer.Option(help="keep the text slots (they get a toy tokenizer)")] = True,
) -> None:
    """Writes a random-weight bundle of any preset, for load and leak tests."""
    from .bundle import BundleInfo, write_bundle
    from .golden import LICENCE, PROVENANCE, pico_tokenizer_json
    from .initialise import random_model, sized
    from .madit import PRESETS

    if not random:
        raise typer.BadParameter("only random weights can be initialised: add --random")
    if preset not in PRESETS:
        raise typer.BadParameter(f"must be one of {', '.join(PRESETS)}", param_hint="--preset")
    changes: dict[str, object] = {} if text else {"text": None}
    if guidance_placement:
        changes["guidance_placement"] = guidance_placement.value
    try:
        config = sized(preset, patches, **changes)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--patches") from error
    info = BundleInfo(f"random-{seed}", LICENCE, PROVENANCE)
    write_bundle(random_model(config, seed), out, info, pico_tokenizer_json() if config.text else None)


@app.command()
def convert(
    weights: Annotated[Path, typer.Argument(help="authors' state dict: .safetensors, .pth, .pt, .bin or .ckpt")],
    family: Annotated[str, typer.Option("--from", help="family: mar, v2flow, ...")],
    config: Annotated[
        Path, typer.Option(help='JSON: {"ctor": {...}}, the constructor arguments by the authors\' names')
    ],
    out: Annotated[Path, typer.Option(help="bundle folder to write")],
    name: Annotated[str | None, typer.Option(help="name of the model; default: the family")] = None,
    version: Annotated[str, typer.Option(help="version of the bundle")] = "1",
    licence: Annotated[str, typer.Option(help="SPDX identifier of the weights' licence")] = "NOASSERTION",
    provenance: Annotated[Path | None, typer.Option(help="JSON object: where the weights come from")] = None,
) -> None:
    """Converts authors' weights to a bundle: reads no code, checks every key and shape, names what does not fit."""
    from .families.convert import convert_file
    from .families.export import Names
    from .families.weights import ConversionError

    try:
        convert_file(family, weights, config, out, Names(name or family, version, licence, _object(provenance)))
    except ConversionError as error:
        raise _fatal(error) from error


@app.command()
def verify(
    case_folder: Annotated[Path, typer.Argument(help="config.json, weights.safetensors and case.safetensors")],
    server: Annotated[
        str | None, typer.Option(help="HOST:PORT of a server of the --bundle, which is asked, too")
    ] = None,
    serve: Annotated[bool, typer.Option("--serve", help="start such a server for the time of the run")] = False,
    bundle: Annotated[Path | None, typer.Option(help="where to write the bundle that has the recorded draws")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print the result as JSON")] = False,
) -> None:
    """Runs a recorded case of an authors' model and compares every tensor; exits with 1 when one differs too much.

    For a server: write the bundle with --bundle, serve it (./madit serve --model BUNDLE --precision float32), and verify
    with --server; or let --serve do all of that.
    """
    from .families.case import load_case
    from .families.registry import verify as verify_case
    from .families.remote import verify_remote, verify_started, write_bundle
    from .families.weights import ConversionError

    try:
        case = load_case(case_folder)
        name = f"case-{case_folder.resolve().name}"
        if bundle is not None:
            write_bundle(case, name, bundle)
        report = verify_case(case)
        if server is not None:
            report = verify_remote(case, name, server, report)
        if serve:
            report = verify_started(case, name, report)
    except ConversionError as error:
        raise _fatal(error) from error
    print(report.as_json() if as_json else report.as_table())
    if not report.ok:
        raise typer.Exit(1)


def _fatal(error: Exception) -> typer.Exit:
    print(f"modelkit: {error}", file=sys.stderr)
    return typer.Exit(2)


@app.command()
def golden(
    out: Annotated[Path, typer.Option(help="test resources of the server")] = Path("server/src/test/resources"),
    bundle: Annotated[Path | None, typer.Option(help="only the parity case of this bundle")] = None,
    cases: Annotated[
        Path | None, typer.Option(help="only the families, from the recorded cases in this folder")
    ] = None,
) -> None:
    """Regenerates the golden vectors of the server's tests."""
    from .golden import write_bundle_case, write_golden

    if cases:
        from .families.golden import write_family_golden

        write_family_golden(cases, out)
    elif bundle:
        write_bundle_case(bundle, out)
    else:
        write_golden(out)


def main() -> None:
    app()
