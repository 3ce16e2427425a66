"""Shape of a TA-TiTok model, read from the authors' configuration."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from ..weights import ConversionError

# The authors' names of transformer sizes: width, layers, heads.
SIZES = {"small": (512, 8, 8), "base": (768, 12, 12), "large": (1024, 24, 16)}


@dataclass(frozen=True)
class ViT:
    """One transformer: ``patch`` is the side of a square patch in pixels."""

    width: int
    layers: int
    heads: int
    patch: int


@dataclass(frozen=True)
class TaTitokConfig:
    """Shape of the tokenizer.

    ``tokens``: latent tokens L, each of ``token_size`` channels. ``codebook_size`` 0 is the KL variant, whose tokens are
    continuous. ``text_length``: text slots that have a position.
    """

    encoder: ViT
    decoder: ViT
    image_size: int = 256
    tokens: int = 32
    token_size: int = 64
    codebook_size: int = 8192
    unit_codes: bool = False
    usage_buffer: bool = False
    text_length: int = 77
    text_dim: int = 768

    @property
    def discrete(self) -> bool:
        """Whether tokens are ids."""
        return self.codebook_size > 0

    @property
    def grid(self) -> int:
        """Side of the decoder's patch grid."""
        return self.image_size // self.decoder.patch

    @property
    def patch_dim(self) -> int:
        """P: values per decoder patch."""
        return 3 * self.decoder.patch**2


def read_config(settings: Mapping[str, Any]) -> TaTitokConfig:
    """The shape in ``settings["ctor"]["config"]``; ``settings["sizes"]`` may name sizes beside the authors' three.

    Raises :class:`ConversionError` naming the field.
    """
    config = _field(settings, "ctor.config")
    vq = _field(config, "model.vq_model")
    mode = vq.get("quantize_mode", "vq")
    if mode not in ("vq", "vae"):
        raise ConversionError(f"quantize_mode must be vq or vae, is {mode}")
    for name, default in (("is_legacy", True), ("finetune_decoder", True)):
        if vq.get(name, default):
            raise ConversionError(f"{name} must be false, is true: no TA-TiTok was released with it")
    sizes = {**settings.get("sizes", {}), **SIZES}
    image = int(_field(config, "dataset.preprocessing.crop_size"))
    return TaTitokConfig(
        encoder=_vit(vq, "enc", sizes, image),
        decoder=_vit(vq, "dec", sizes, image),
        image_size=image,
        tokens=int(_field(vq, "num_latent_tokens")),
        token_size=int(_field(vq, "token_size")),
        codebook_size=int(_field(vq, "codebook_size")) if mode == "vq" else 0,
        unit_codes=bool(vq.get("use_l2_norm", False)),
        usage_buffer=mode == "vq" and bool(vq.get("clustering_vq", False)),
        text_length=int(vq.get("text_context_length", 77)),
        text_dim=int(vq.get("text_embed_dim", 768)),
    )


def sizes_in(notes: str) -> dict[str, tuple[int, ...]]:
    """Sizes that the notes of a recorded run add to the authors' table, written ``name=(width, layers, heads)``."""
    return {name: tuple(map(int, row)) for name, *row in re.findall(r"(\w+)=\((\d+), (\d+), (\d+)\)", notes)}


def assumed_sizes(state: Mapping[str, Tensor], settings: Mapping[str, Any]) -> dict[str, tuple[int, ...]]:
    """Sizes of a recorded run as its weights have them.

    Weights do not tell the number of heads: heads of 64 channels are assumed, as in every released model, and of 8 in
    transformers too narrow for that.
    """
    sizes = {}
    for part in ("encoder", "decoder"):
        norm = state.get(f"{part}.ln_pre.weight")
        if norm is None:
            continue
        width = len(norm)
        layers = sum(bool(re.fullmatch(rf"{part}\.transformer\.\d+\.ln_1\.weight", name)) for name in state)
        heads = width // 64 if width % 64 == 0 and width >= SIZES["small"][0] else width // 8
        sizes[_field(settings, f"ctor.config.model.vq_model.vit_{part[:3]}_model_size")] = (width, layers, heads)
    return sizes


def _vit(vq: Mapping[str, Any], part: str, sizes: Mapping[str, Any], image: int) -> ViT:
    name, patch = _field(vq, f"vit_{part}_model_size"), int(_field(vq, f"vit_{part}_patch_size"))
    if name not in sizes:
        raise ConversionError(f"vit_{part}_model_size must be one of {', '.join(sizes)}, is {name}")
    if image % patch:
        raise ConversionError(f"vit_{part}_patch_size must divide crop_size {image}, is {patch}")
    return ViT(*sizes[name], patch)


def _field(tree: Mapping[str, Any], path: str) -> Any:
    for key in path.split("."):
        if not isinstance(tree, Mapping) or key not in tree:
            raise ConversionError(f"configuration lacks {path}")
        tree = tree[key]
    return tree
