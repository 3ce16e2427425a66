"""TA-TiTok, VQ and KL: see :mod:`.model`. Served in one round."""

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from ..case import Case
from ..export import Names
from ..remote_case import RemoteCase
from ..weights import take
from . import recorded, reference
from .bundle import export
from .config import assumed_sizes, read_config, sizes_in
from .model import TaTitok

LEADING = ()

__all__ = ["LEADING", "convert", "export", "remote_case", "run_case", "run_script"]


def convert(state: Mapping[str, Tensor], settings: Mapping[str, Any]) -> TaTitok:
    """The authors' state dict, strictly loaded."""
    model = TaTitok(read_config(settings)).eval().requires_grad_(False)
    take(state, model)
    return model


def run_case(case: Case) -> dict[str, Tensor]:
    """Everything that the authors' run recorded."""
    return reference.run_model(_recorded(case), case)


def run_script(case: Case) -> dict[str, Tensor]:
    """Ids and pictures of the case as a server makes them."""
    return reference.run_script(_recorded(case), case)


def remote_case(case: Case, names: Names) -> RemoteCase:
    """The recorded run as calls of a server."""
    return recorded.remote_case(_recorded(case), case, names)


def _recorded(case: Case) -> TaTitok:
    sizes = assumed_sizes(case.weights, case.config) | sizes_in(case.notes)
    return convert(case.weights, {**case.config, "sizes": sizes})
