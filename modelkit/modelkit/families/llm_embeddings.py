"""The word embeddings of a language model in Hugging Face's format, which condition on text and mix into tokens.

Of the checkpoint only this one table is read. ``ctor`` may state ``vocab_size`` and ``hidden_size``, the names of the
model's ``config.json``: then they are checked.
"""

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from .weights import ConversionError

# The table's name in LLaMA and its kin (Qwen, Mistral, Gemma), inside multimodal models, in GPT-2 and in BERT.
WANTED = ("*embed_tokens.weight", "*wte.weight", "*word_embeddings.weight")


def convert(state: Mapping[str, Tensor], settings: Mapping[str, Any]) -> nn.Embedding:
    """The table, in float32; raises :class:`ConversionError` when there is none, or more than one."""
    if len(state) != 1:
        found = ", ".join(sorted(state)) or "none"
        raise ConversionError(f"weights: must have one table named {' or '.join(WANTED)}, found {found}")
    name, table = next(iter(state.items()))
    if table.dim() != 2:
        raise ConversionError(f"{name}: must have 2 dimensions, has {table.dim()}")
    for field, size in zip(("vocab_size", "hidden_size"), table.shape):
        stated = settings["ctor"].get(field, size)
        if stated != size:
            raise ConversionError(f"ctor.{field}: must be {size}, the size of {name}, is {stated}")
    return nn.Embedding.from_pretrained(table.float())
