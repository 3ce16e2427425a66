"""Authors' weights: files to state dicts, state dicts to modules, and nothing silently.

A pickle is read with ``weights_only``, so a file can carry tensors and plain values but no code.
"""

import argparse
import json
from collections.abc import Mapping
from fnmatch import fnmatchcase
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn
from tqdm import tqdm

StateDict = dict[str, Tensor]

PICKLES = (".pth", ".pt", ".bin", ".ckpt")
# Where training checkpoints keep their weights; the averaged ones, which the authors evaluate with, come first.
CONTAINERS = ("model_ema", "ema", "state_dict", "model_state_dict", "model", "module")
# What wrappers (data parallel, compile) put in front of every key.
WRAPPERS = ("module.", "_orig_mod.", "model.")
INDEX = ".index.json"
LARGE_BYTES = 256 << 20


class ConversionError(ValueError):
    """The weights or the configuration do not fit the family; the message names what."""


def read_state(file: Path, progress: bool = True, wanted: tuple[str, ...] = ("*",)) -> StateDict:
    """Tensors of a weight file on the CPU, without container and without a prefix common to all keys.

    ``file`` may be the index of a checkpoint in several files (``.index.json``). Only keys that match one of the patterns
    ``wanted`` are kept; of ``.safetensors`` only they are read. ``progress`` shows a bar for files of 256 MB or more.
    Raises :class:`ConversionError`.
    """
    if not file.is_file():
        raise ConversionError(f"{file}: no such file")
    if file.name.endswith(INDEX):
        parts = _parts_of(file, wanted)
        bar = tqdm(parts, file.name, unit="file", disable=not progress)
        state = {name: value for part in bar for name, value in _read_one(part, False, wanted).items()}
    else:
        state = _read_one(file, progress, wanted)
    return without_wrappers(state)


def _parts_of(index: Path, wanted: tuple[str, ...]) -> list[Path]:
    """The files that an index names for wanted keys."""
    try:
        places = json.loads(index.read_text())["weight_map"]
        names = sorted({str(part) for name, part in places.items() if _matches(name, wanted)})
    except (ValueError, KeyError, AttributeError) as error:
        raise ConversionError(f"{index}: has no weight_map") from error
    if any(Path(name).name != name for name in names):
        raise ConversionError(f"{index}: names a file outside its folder")
    return [index.parent / name for name in names]


def _read_one(file: Path, progress: bool, wanted: tuple[str, ...]) -> StateDict:
    try:
        if file.suffix == ".safetensors":
            return _read_safetensors(file, progress, wanted)
        if file.suffix in PICKLES:
            state = _tensors(_read_pickle(file), file)
            return {name: value for name, value in state.items() if _matches(name, wanted)}
    except (SafetensorError, RuntimeError, EOFError, OSError) as error:
        raise ConversionError(f"{file}: unreadable: {_first_line(error)}") from error
    raise ConversionError(f"{file}: must end in .safetensors, {', '.join(PICKLES)} or {INDEX}")


def _read_safetensors(file: Path, progress: bool, wanted: tuple[str, ...]) -> StateDict:
    with safe_open(file, "pt") as source:
        names = [name for name in source.keys() if _matches(name, wanted)]
        bar = tqdm(names, file.name, unit="tensor", disable=not (progress and _is_large(file)))
        return {name: source.get_tensor(name) for name in bar}


def _matches(name: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def _read_pickle(file: Path) -> object:
    from pickle import UnpicklingError

    try:
        # Training scripts store their command line, an argparse.Namespace, beside the weights: plain values, too.
        with torch.serialization.safe_globals([argparse.Namespace]):
            return torch.load(file, map_location="cpu", weights_only=True)
    except UnpicklingError as error:
        raise ConversionError(f"{file}: holds more than tensors and plain values, not read") from error


def _tensors(content: object, file: Path) -> StateDict:
    """The state dict in a checkpoint: the content itself, or what its container key holds."""
    for name in CONTAINERS:
        if isinstance(content, Mapping) and isinstance(content.get(name), Mapping):
            return _tensors(content[name], file)
    if not isinstance(content, Mapping):
        raise ConversionError(f"{file}: holds a {type(content).__name__}, not a state dict")
    state = {name: value for name, value in content.items() if isinstance(value, Tensor)}
    if not state:
        raise ConversionError(f"{file}: no tensors; its keys are {_some(content)}")
    return state


def without_wrappers(state: Mapping[str, Tensor]) -> StateDict:
    """The same tensors without what a wrapper put in front of all keys."""
    for prefix in WRAPPERS:
        if state and all(name.startswith(prefix) for name in state):
            return without_wrappers({name.removeprefix(prefix): value for name, value in state.items()})
    return dict(state)


def take(
    state: Mapping[str, Tensor],
    module: nn.Module,
    mapping: Mapping[str, str] | None = None,
    ignored: tuple[str, ...] = (),
) -> None:
    """Loads ``state`` into ``module``, whose parameters and buffers must all be there, and nothing else.

    ``mapping``: authors' key -> key of ``module``, for keys that differ. ``ignored``: patterns (``*``) of authors' keys
    that may be there and are not needed. Raises :class:`ConversionError` that names every missing, unknown and
    wrongly shaped key; ``module`` is unchanged then.
    """
    mapping = mapping or {}
    given = {mapping.get(name, name): value for name, value in state.items() if not _matches(name, ignored)}
    wanted = module.state_dict()
    missing = sorted(wanted.keys() - given.keys())
    unknown = sorted(given.keys() - wanted.keys())
    shapes = [
        f"{name} (is {list(given[name].shape)}, must be {list(value.shape)})"
        for name, value in wanted.items()
        if name in given and given[name].shape != value.shape
    ]
    problems = [
        f"{title}: {_some(names)}"
        for title, names in (("missing", missing), ("unknown", unknown), ("wrong shape", shapes))
        if names
    ]
    if problems:
        raise ConversionError("weights do not fit: " + "; ".join(problems))
    module.load_state_dict(given)


def _some(names, most: int = 12) -> str:
    names = [str(name) for name in names]
    rest = len(names) - most
    return ", ".join(names[:most]) + (f" and {rest} more" if rest > 0 else "")


def _is_large(file: Path) -> bool:
    return file.stat().st_size >= LARGE_BYTES


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
