"""Authors' weights: files to state dicts, state dicts to modules, and nothing silently.

A pickle is read with ``weights_only``, so a file can carry tensors and plain values but no code.
"""

import argparse
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
CONTAINERS = ("model_ema", "ema", "state_dict", "model", "module")
# What wrappers (data parallel, compile) put in front of every key.
WRAPPERS = ("module.", "_orig_mod.", "model.")
LARGE_BYTES = 256 << 20


class ConversionError(ValueError):
    """The weights or the configuration do not fit the family; the message names what."""


def read_state(file: Path, progress: bool = True) -> StateDict:
    """All tensors of a weight file on the CPU, without container and without a prefix common to all keys.

    ``progress`` shows a bar for files of 256 MB or more. Raises :class:`ConversionError`.
    """
    if not file.is_file():
        raise ConversionError(f"{file}: no such file")
    try:
        if file.suffix == ".safetensors":
            state = _read_safetensors(file, progress)
        elif file.suffix in PICKLES:
            state = _tensors(_read_pickle(file), file)
        else:
            raise ConversionError(f"{file}: must end in .safetensors, {', '.join(PICKLES)}")
    except (SafetensorError, RuntimeError, EOFError, OSError) as error:
        raise ConversionError(f"{file}: unreadable: {_first_line(error)}") from error
    return without_wrappers(state)


def _read_safetensors(file: Path, progress: bool) -> StateDict:
    with safe_open(file, "pt") as source:
        names = tqdm(source.keys(), file.name, unit="tensor", disable=not (progress and _is_large(file)))
        return {name: source.get_tensor(name) for name in names}


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
    given = {
        mapping.get(name, name): value
        for name, value in state.items()
        if not any(fnmatchcase(name, pattern) for pattern in ignored)
    }
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
