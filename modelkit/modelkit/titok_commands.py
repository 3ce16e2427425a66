"""``modelkit titok ...``: titok-nano from nothing to a bundle."""

import json
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, help="Trains, exports and evaluates titok-nano: a picture as 32 tokens.")


@app.command()
def train(
    run: Annotated[str, typer.Option(help="name of the run; an unfinished one is resumed")] = "titok-nano",
    bf16: Annotated[bool, typer.Option(help="bfloat16 autocast; faster only where the CPU has it")] = True,
) -> None:
    """Trains on composed emoji scenes, on the CPU."""
    from .families.ta_titok.train import NANO, RECIPE, emoji_examples, train_titok
    from .trainer import run_dir

    data, held = emoji_examples("train", 8000, NANO), emoji_examples("validation", 128, NANO)
    train_titok(NANO, RECIPE, data, held, run_dir(run), bf16)


@app.command()
def export(
    out: Annotated[Path, typer.Option(help="bundle folder to write")],
    run: Annotated[str, typer.Option(help="name of a finished run")] = "titok-nano",
    version: Annotated[str, typer.Option(help="version of the bundle")] = "1",
    metrics: Annotated[Path | None, typer.Option(help="metrics.json of an evaluation")] = None,
    provenance: Annotated[Path | None, typer.Option(help="JSON object: data, time, settings")] = None,
) -> None:
    """Writes the trained model as a compact bundle: weights rounded to bfloat16, compressed."""
    import torch

    from .bundle import round_weights, write_folder
    from .families.export import Names
    from .families.ta_titok.bundle import export_with_words
    from .families.ta_titok.train import NANO, load_titok
    from .text import tokenizer_json, word_table
    from .trainer import run_dir

    model = load_titok(NANO, run_dir(run))
    round_weights(model, torch.bfloat16)
    names = Names("titok-nano", version, "Apache-2.0", _object(provenance))
    bundle = export_with_words(model, names, word_table(NANO.text_dim), tokenizer_json())
    content = bundle.manifest | {"metrics": _object(metrics)}
    write_folder(out, bundle.module, {"family": "ta-titok"}, content, bundle.files, compact=True)


@app.command()
def evaluate(
    bundle: Annotated[Path, typer.Option(help="bundle folder")],
    split: Annotated[str, typer.Option(help="validation (choose settings) or test (report)")] = "validation",
    count: Annotated[int, typer.Option(help="pictures, at most 128")] = 128,
    out: Annotated[Path, typer.Option(help="folder for grid.png and metrics.json")] = Path("out/titok"),
) -> None:
    """Prints how well held-out pictures survive the way through their tokens."""
    from .families.ta_titok.evaluate import evaluate as run_evaluation

    print(json.dumps(run_evaluation(bundle, split, count, out), indent=1))


def _object(file: Path | None) -> dict[str, object]:
    return json.loads(file.read_text()) if file else {}
