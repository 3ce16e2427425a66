"""V2Flow: pictures as tokens of a language model's vocabulary, and a masked flow decoder (arXiv 2503.07493)."""

from .bundle import export
from .model import V2Flow, convert
from .recorded import remote_case
from .reference import LEADING, exceptions, run_case, run_script

__all__ = ["LEADING", "V2Flow", "convert", "exceptions", "export", "remote_case", "run_case", "run_script"]
