"""TA-TiTok, VQ and KL: see :mod:`.model`. Served in one round."""

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from ..case import Case
from ..weights import take
from .bundle import export
from .config import assumed_sizes, read_config, sizes_in
from .model import TaTitok
from .reference import run_model

LEADING = ()

__all__ = ["LEADING", "convert", "export", "run_case"]


def convert(state: Mapping[str, Tensor], settings: Mapping[str, Any]) -> TaTitok:
    """The authors' state dict, strictly loaded."""
    model = TaTitok(read_config(settings)).eval().requires_grad_(False)
    take(state, model)
    return model


def run_case(case: Case) -> dict[str, Tensor]:
    """Everything that the authors' run recorded."""
    sizes = assumed_sizes(case.weights, case.config) | sizes_in(case.notes)
    settings = {**case.config, "sizes": sizes}
    return run_model(convert(case.weights, settings), case)
