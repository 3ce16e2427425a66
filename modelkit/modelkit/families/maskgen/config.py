"""Shape of a MaskGen model, read from the authors' configuration."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..mar.model import sections
from ..weights import ConversionError


@dataclass(frozen=True)
class MaskGenConfig:
    """Shape of the generator.

    ``tokens``: N tokens of a picture. ``codebook_size`` 0 is the KL variant: continuous tokens of ``token_size`` channels,
    multiplied by ``scale``. ``aesthetic_dim`` 0: the model knows no aesthetic score. ``classes``, ``tied_head``: of the
    VQ variant. ``head_*`` and ``diffusion_steps`` (per section of the trained range): of the KL variant.
    """

    width: int
    depth: int
    heads: int
    tokens: int
    text_dim: int = 768
    aesthetic_dim: int = 256
    aesthetic_score: float = 6.0
    codebook_size: int = 0
    classes: int = 1000
    tied_head: bool = True
    schedule: str = "arccos"
    token_size: int = 16
    scale: float = 1.0
    head_width: int = 1024
    head_depth: int = 8
    diffusion_steps: tuple[int, ...] = (100,)

    @property
    def discrete(self) -> bool:
        """Whether tokens are ids."""
        return self.codebook_size > 0

    @property
    def pooled_dim(self) -> int:
        """Width of what the pooled condition is made of: the caption's vector and the aesthetic score's waves."""
        return self.text_dim + self.aesthetic_dim


def read_config(settings: Mapping[str, Any]) -> MaskGenConfig:
    """The shape in ``settings["ctor"]["config"]``; raises :class:`ConversionError` naming the field."""
    vq = _field(settings, "ctor.config.model.vq_model")
    gen = _field(settings, "ctor.config.model.maskgen")
    losses = settings["ctor"]["config"].get("losses") or {}
    mode = vq.get("quantize_mode", "vq")
    if mode not in ("vq", "vae"):
        raise ConversionError(f"quantize_mode must be vq or vae, is {mode}")
    discrete = mode == "vq"
    width, heads = int(_field(gen, "decoder_embed_dim")), int(_field(gen, "decoder_num_heads"))
    if width % heads:
        raise ConversionError(f"decoder_num_heads must divide decoder_embed_dim {width}, is {heads}")
    config = MaskGenConfig(
        width=width,
        depth=int(_field(gen, "decoder_depth")),
        heads=heads,
        tokens=int(_field(vq, "num_latent_tokens")),
        text_dim=int(vq.get("text_embed_dim", 768)),
        aesthetic_dim=int(_field(gen, "micro_condition_embed_dim")) if _field(gen, "micro_condition") else 0,
        aesthetic_score=float(gen.get("sample_aesthetic_score", 6.0)),
    )
    if discrete:
        own = {
            "codebook_size": int(_field(vq, "codebook_size")),
            "classes": int(_field(gen, "condition_num_classes")),
            "tied_head": bool(gen.get("weight_tying", True)),
            "schedule": str(gen.get("mask_schedule_strategy", "arccos")),
        }
    else:
        own = {
            "token_size": int(_field(vq, "token_size")),
            "scale": float(_field(vq, "scale_factor")),
            "head_width": int(_field(losses, "diffloss_w")),
            "head_depth": int(_field(losses, "diffloss_d")),
            "diffusion_steps": sections(losses.get("num_sampling_steps", "100")),
        }
    return MaskGenConfig(**{**vars(config), **own})


def _field(tree: Mapping[str, Any], path: str) -> Any:
    for key in path.split("."):
        if not isinstance(tree, Mapping) or key not in tree:
            raise ConversionError(f"configuration lacks {path}")
        tree = tree[key]
    return tree
