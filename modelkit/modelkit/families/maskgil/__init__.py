"""MaskGIL: completes or generates the ids of a picture; see :mod:`.llama`."""

from .model import convert
from .reference import LEADING, exceptions, run_case

__all__ = ["LEADING", "convert", "exceptions", "run_case"]
