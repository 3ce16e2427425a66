"""MaskGen, VQ and KL: text to the tokens of TA-TiTok; see :mod:`.model`."""

from .model import convert
from .reference import LEADING, run_case

__all__ = ["LEADING", "convert", "run_case"]
