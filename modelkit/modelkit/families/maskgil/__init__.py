"""MaskGIL: completes or generates the ids of a picture; see :mod:`.llama`."""

from .bundle import export
from .model import convert
from .recorded import remote_case
from .reference import LEADING, exceptions, run_case
from .served import run_script

__all__ = ["LEADING", "convert", "exceptions", "export", "remote_case", "run_case", "run_script"]
