"""``modelkit maskgil ...``: maskgil-nano from nothing to a bundle."""

import json
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, help="Trains, exports and evaluates maskgil-nano: a picture's missing ids.")

Decoder = Annotated[Path, typer.Option(help="bundle folder whose ids these are")]


@app.command()
def train(
    run: Annotated[str, typer.Option(help="name of the run; an unfinished one is resumed")] = "maskgil-nano",
    decoder: Decoder = Path("models/madit-nano"),
    bf16: Annotated[bool, typer.Option(help="bfloat16 autocast; faster only where the CPU has it")] = True,
) -> None:
    """Trains on the ids of composed emoji scenes and of their mirror images, on the CPU."""
    from .families.maskgil.ids import codebook, scene_ids
    from .families.maskgil.train import NANO, RECIPE, examples, train_maskgil
    from .trainer import run_dir

    data = examples([scene_ids(decoder, "train", 8000, mirrored) for mirrored in (False, True)], NANO)
    held = examples([scene_ids(decoder, "validation", 128)], NANO)
    train_maskgil(NANO, RECIPE, codebook(decoder), data, held, run_dir(run), bf16)


@app.command()
def export(
    out: Annotated[Path, typer.Option(help="bundle folder to write")],
    run: Annotated[str, typer.Option(help="name of a finished run")] = "maskgil-nano",
    version: Annotated[str, typer.Option(help="version of the bundle")] = "1",
    metrics: Annotated[Path | None, typer.Option(help="metrics.json of an evaluation")] = None,
    provenance: Annotated[Path | None, typer.Option(help="JSON object: data, time, settings")] = None,
) -> None:
    """Writes the trained model as a compact bundle: weights rounded to bfloat16, compressed."""
    import torch

    from .bundle import round_weights, write_folder
    from .families.export import Names
    from .families.maskgil.bundle import export_with_words
    from .families.maskgil.train import DECODER, NANO, SAMPLING, load_maskgil
    from .text import tokenizer_json, word_table
    from .trainer import run_dir

    model = load_maskgil(NANO, run_dir(run))
    round_weights(model, torch.bfloat16)
    names = Names("maskgil-nano", version, "Apache-2.0", _object(provenance))
    bundle = export_with_words(model, names, SAMPLING, DECODER, word_table(NANO.feature_dim), tokenizer_json())
    content = bundle.manifest | {"metrics": _object(metrics)}
    write_folder(out, bundle.module, {"family": "maskgil"}, content, bundle.files, compact=True)


@app.command()
def evaluate(
    bundle: Annotated[Path, typer.Option(help="bundle folder")],
    decoder: Decoder = Path("models/madit-nano"),
    split: Annotated[str, typer.Option(help="validation (choose settings) or test (report)")] = "validation",
    count: Annotated[int, typer.Option(help="pictures, at most 128")] = 32,
    rounds: Annotated[int | None, typer.Option(help="in place of the manifest's")] = None,
    guidance: Annotated[float | None, typer.Option(help="in place of the manifest's")] = None,
    temperature: Annotated[float | None, typer.Option(help="in place of the manifest's")] = None,
    choice_temperature: Annotated[float | None, typer.Option(help="in place of the manifest's")] = None,
    out: Annotated[Path, typer.Option(help="folder for grid.png and metrics.json")] = Path("out/maskgil"),
) -> None:
    """Prints how good held-out pictures are of which only the first quarter of the ids was known."""
    from .families.maskgil.evaluate import evaluate as run_evaluation

    given = {"rounds": rounds, "guidance": guidance, "temperature": temperature}
    changes = given | {"choice_temperature": choice_temperature}
    chosen = {name: value for name, value in changes.items() if value is not None}
    print(json.dumps(run_evaluation(bundle, decoder, split, count, out, chosen), indent=1))


def _object(file: Path | None) -> dict[str, object]:
    return json.loads(file.read_text()) if file else {}
