"""MaskGen, VQ and KL: text to the tokens of TA-TiTok; see :mod:`.model`."""

from .bundle import export
from .model import convert
from .recorded import remote_case
from .reference import LEADING, run_case
from .served import run_script

__all__ = ["LEADING", "convert", "export", "remote_case", "run_case", "run_script"]
