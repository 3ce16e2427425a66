"""Recorded runs of the authors' code, and the comparison with ours.

A case folder has ``config.json`` (constructor and sampling arguments, ``fp32_vs_fp64_max_abs``), ``weights.safetensors``
(the state dict) and ``case.safetensors``: inputs ``in.*``, random draws ``draw.NNNN`` in the order in which they were
made, and everything else that was computed from them.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from .weights import ConversionError, StateDict, read_state

SMALLEST_LIMIT = 1e-5
ALLOWANCE = 10.0
INPUT, DRAW = "in.", "draw."


@dataclass(frozen=True)
class Case:
    """One recorded run. ``tensors``: all of case.safetensors. ``notes``: what NOTES.md says, if it is there."""

    config: dict[str, Any]
    weights: StateDict
    tensors: StateDict
    notes: str = ""

    @cached_property
    def draws(self) -> list[Tensor]:
        """The recorded random draws, first one first."""
        return [self.tensors[name] for name in sorted(self.tensors) if name.startswith(DRAW)]

    @cached_property
    def expected(self) -> StateDict:
        """What the authors' code computed."""
        return {name: value for name, value in self.tensors.items() if not name.startswith((INPUT, DRAW))}

    def input(self, name: str) -> Tensor:
        """An input, by its name without ``in.``; raises :class:`ConversionError` when the case has none."""
        if INPUT + name not in self.tensors:
            raise ConversionError(f"case.safetensors: missing: {INPUT}{name}")
        return self.tensors[INPUT + name]

    @property
    def captured_rounds(self) -> set[int]:
        """Rounds of which the intermediates were recorded."""
        return set(self.config.get("capture_rounds", []))

    def limit(self, name: str) -> float:
        """Largest difference allowed: 10 times the recorded one between float32 and float64, at least 1e-5.

        Ids, counts and masks must be equal.
        """
        if not self.expected[name].is_floating_point():
            return 0.0
        recorded = self.config.get("fp32_vs_fp64_max_abs", {})
        return max(ALLOWANCE * recorded.get(name, 0.0), SMALLEST_LIMIT)


def load_case(folder: Path) -> Case:
    """Reads a case folder; raises :class:`ConversionError` naming the file that is missing or unreadable."""
    try:
        config = json.loads((folder / "config.json").read_text())
    except (OSError, ValueError) as error:
        raise ConversionError(f"{folder / 'config.json'}: {error}") from error
    if not isinstance(config, dict) or not isinstance(config.get("ctor"), dict):
        raise ConversionError(f'{folder / "config.json"}: must be a JSON object with "ctor", the constructor arguments')
    weights, tensors = (read_state(folder / f"{name}.safetensors") for name in ("weights", "case"))
    notes = folder / "NOTES.md"
    return Case(config, weights, tensors, notes.read_text() if notes.is_file() else "")


@dataclass(frozen=True)
class TensorResult:
    """One line of the result: ``difference`` is the largest absolute one, NaN where none could be computed."""

    name: str
    difference: float
    limit: float
    ok: bool
    note: str = ""


@dataclass(frozen=True)
class Report:
    """The comparison of one case."""

    family: str
    tensors: tuple[TensorResult, ...]

    @property
    def ok(self) -> bool:
        return all(result.ok for result in self.tensors)

    def as_json(self) -> str:
        return json.dumps(
            {"family": self.family, "ok": self.ok, "tensors": [asdict(r) for r in self.tensors]}, indent=2
        )

    def as_table(self) -> str:
        """One line per tensor and a verdict."""
        width = max((len(result.name) for result in self.tensors), default=0)
        lines = [f"{'tensor':<{width}}  {'largest':>9}  {'limit':>9}"]
        for r in self.tensors:
            verdict = "ok" if r.ok else "FAILED"
            lines.append(f"{r.name:<{width}}  {r.difference:9.2e}  {r.limit:9.2e}  {verdict}  {r.note}".rstrip())
        failed = sum(not result.ok for result in self.tensors)
        lines.append(f"{self.family}: {len(self.tensors)} tensors, " + (f"{failed} FAILED" if failed else "all within"))
        return "\n".join(lines)


def _finite(value: object) -> object:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def compare(
    family: str,
    case: Case,
    computed: Mapping[str, Tensor],
    leading: tuple[str, ...] = (),
    exceptions: Mapping[str, float] | None = None,
) -> Report:
    """Compares ``computed`` with everything the case expects; what is missing fails.

    ``leading``: patterns of tensors whose later rows do not matter, so that only as many rows as were computed are
    compared. ``exceptions``: patterns of tensors with another limit than the rule's; an infinite one allows any shape.
    """
    results = []
    for name, expected in sorted(case.expected.items()):
        ours = computed.get(name)
        if ours is not None and any(fnmatchcase(name, pattern) for pattern in leading):
            expected = expected[: len(ours)]
        others = [limit for pattern, limit in (exceptions or {}).items() if fnmatchcase(name, pattern)]
        results.append(_result(name, expected, ours, others[0] if others else case.limit(name)))
    return Report(family, tuple(results))


def compare_served(
    case: Case, computed: Mapping[str, Tensor], exceptions: Mapping[str, float], place: str = "served"
) -> tuple[TensorResult, ...]:
    """Results of the served module under ``PLACE.NAME``; only what it computes and the case has is compared."""
    return tuple(
        _result(
            f"{place}.{name}", case.expected[name], computed[name], exceptions.get(f"served.{name}", case.limit(name))
        )
        for name in sorted(computed)
        if name in case.expected
    )


def _result(name: str, expected: Tensor, ours: Tensor | None, limit: float) -> TensorResult:
    if ours is None:
        return TensorResult(name, torch.nan, limit, False, "not computed")
    if ours.shape != expected.shape:
        note = f"shape {list(ours.shape)}, must be {list(expected.shape)}"
        return TensorResult(name, torch.nan, limit, limit == torch.inf, note)
    same = ours.double() == expected.double()  # equal infinities have no difference
    difference = torch.where(same, 0.0, (ours.double() - expected.double()).abs())
    largest = float(difference.max()) if difference.numel() else 0.0
    return TensorResult(name, largest, limit, largest <= limit)
