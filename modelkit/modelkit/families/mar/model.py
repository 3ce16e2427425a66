"""The eager MAR model under the authors' key names."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from ..ddpm import TRAINED_STEPS, DdpmHead
from ..masked import MaskedConfig, MaskedTransformer, masked_config
from ..weights import ConversionError, take

DEFAULTS = {"diffloss_d": 3, "diffloss_w": 1024, "num_sampling_steps": "100"}


@dataclass(frozen=True)
class MarConfig:
    """``steps``: sampling steps of each section of the trained range, usually one."""

    masked: MaskedConfig
    classes: int
    head_depth: int
    head_width: int
    steps: tuple[int, ...]


def mar_config(ctor: Mapping[str, Any], classes: int) -> MarConfig:
    """From the authors' constructor arguments. ``classes``: rows of the class table, which their code fixes."""
    given = {**DEFAULTS, **{name: ctor[name] for name in DEFAULTS if name in ctor}}
    return MarConfig(
        masked_config(ctor), classes, given["diffloss_d"], given["diffloss_w"], sections(given["num_sampling_steps"])
    )


def sections(steps: str | int) -> tuple[int, ...]:
    """Sampling steps as the authors write them: ``"100"``, or several numbers with commas between; ``""`` is all."""
    try:
        counts = tuple(int(part) for part in str(steps or TRAINED_STEPS).split(","))
    except ValueError:
        counts = ()
    if not counts or min(counts) < 1 or sum(counts) > TRAINED_STEPS:
        raise ConversionError(f"ctor.num_sampling_steps: must be 1 to {TRAINED_STEPS} steps, is {steps!r}")
    return counts


class Mar(MaskedTransformer):
    """The encoder-decoder, the class table and the diffusion head."""

    def __init__(self, config: MarConfig) -> None:
        super().__init__(config.masked)
        self.config = config
        masked = config.masked
        self.class_emb = nn.Embedding(config.classes, masked.encoder_dim)
        self.diffloss = DdpmHead(masked.patch_dim, masked.decoder_dim, config.head_width, config.head_depth)


def convert(state: Mapping[str, Tensor], settings: Mapping[str, Any]) -> Mar:
    """The model from an authors' state dict and ``settings["ctor"]``; raises :class:`ConversionError`."""
    table = state.get("class_emb.weight")
    if table is None or table.dim() != 2:
        raise ConversionError("weights do not fit: missing: class_emb.weight")
    model = Mar(mar_config(settings["ctor"], len(table))).eval().requires_grad_(False)
    take(state, model)
    return model
