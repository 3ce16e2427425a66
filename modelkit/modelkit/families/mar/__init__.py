"""MAR: class-conditional masked autoregression with a diffusion head (arXiv 2406.11838, github.com/LTH14/mar)."""

from .bundle import export
from .model import convert
from .recorded import remote_case
from .reference import LEADING, run_case, run_script

__all__ = ["LEADING", "convert", "export", "remote_case", "run_case", "run_script"]
