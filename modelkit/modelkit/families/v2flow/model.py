"""The eager V2Flow model under the authors' key names."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..adaln_mlp import AdaLnMlp
from ..masked import MaskedConfig, MaskedTransformer, masked_config
from ..weights import ConversionError, take
from .resampler import Downsampler, Quantizer, mlp

LINEAR, CONDOT = "linear_flow", "CondOT"
DEFAULTS = {
    "flowloss_d": 3,
    "flowloss_w": 1024,
    "flow_method": LINEAR,
    "visual_vocabulary": False,
    "downsampler_hidden_dim": 512,
    "downsampler_depth": 4,
    "downsampler_mlp_depth": 1,
    "projector_depth": 1,
    "downsample": (1, 1),
}
# With the vocabulary the authors' code ignores its arguments and takes these.
VOCABULARY_DEPTHS = {"downsampler_depth": 4, "downsampler_mlp_depth": 2}
# Of training, and of a class condition that their model does not have.
UNUSED = ("class_emb.weight", "quantizer._codebook.initted", "quantizer._codebook.cluster_size", "*.embed_avg")


@dataclass(frozen=True)
class V2FlowConfig:
    """``vocabulary``: words of the language model when tokens are mixtures of its embeddings, else 0."""

    masked: MaskedConfig
    codes: int
    code_dim: int
    vocabulary: int
    hidden: int
    depth: int
    mlp_depth: int
    projector_depth: int
    pool: tuple[int, int]
    flow_method: str
    head_depth: int
    head_width: int


def v2flow_config(settings: Mapping[str, Any], state: Mapping[str, Tensor]) -> V2FlowConfig:
    """From the authors' constructor arguments; sizes that their code fixes or loads are those of the weights."""
    ctor = settings["ctor"]
    given = {**DEFAULTS, **{name: ctor[name] for name in DEFAULTS if name in ctor}}
    if given["flow_method"] not in (LINEAR, CONDOT):
        raise ConversionError(f"ctor.flow_method: must be {LINEAR} or {CONDOT}, is {given['flow_method']!r}")
    vocabulary = 0
    if given["visual_vocabulary"]:
        given.update(VOCABULARY_DEPTHS)
        vocabulary = len(_table(state, "llm_embed_tokens", 2))
    codebook = _table(state, "quantizer._codebook.embed", 3)
    config = V2FlowConfig(
        masked=masked_config(ctor),
        codes=codebook.shape[1],
        code_dim=codebook.shape[2],
        vocabulary=vocabulary,
        hidden=given["downsampler_hidden_dim"],
        depth=given["downsampler_depth"],
        mlp_depth=given["downsampler_mlp_depth"],
        projector_depth=given["projector_depth"],
        pool=tuple(given["downsample"]),
        flow_method=given["flow_method"],
        head_depth=given["flowloss_d"],
        head_width=given["flowloss_w"],
    )
    _check_slots(config)
    if config.flow_method == LINEAR and config.masked.encoder_dim != config.masked.decoder_dim:
        raise ConversionError("ctor.decoder_embed_dim: linear_flow needs the encoder's width in the decoder")
    return config


def _table(state: Mapping[str, Tensor], name: str, dimensions: int) -> Tensor:
    if name not in state or state[name].dim() != dimensions:
        raise ConversionError(f"weights do not fit: missing: {name}")
    return state[name]


def _check_slots(config: V2FlowConfig) -> None:
    side = config.masked.grid * config.masked.patch_size
    tokens = (side // config.pool[0]) * (side // config.pool[1])
    if tokens != config.masked.slots:
        raise ConversionError(
            f"ctor.buffer_size: must be the number of tokens, {tokens} for {side} x {side} latents "
            f"pooled by {config.pool[0]} x {config.pool[1]}, is {config.masked.slots}"
        )


class FlowHead(nn.Module):
    """The network; which solver runs it depends on the configuration."""

    def __init__(self, channels: int, context: int, width: int, depth: int) -> None:
        super().__init__()
        self.net = AdaLnMlp(channels, context, width, depth, channels)


class V2Flow(MaskedTransformer):
    """Tokenizer, encoder-decoder and flow head."""

    def __init__(self, config: V2FlowConfig) -> None:
        super().__init__(config.masked)
        self.config = config
        masked = config.masked
        tokens = config.vocabulary or config.code_dim
        self.downsampler = Downsampler(
            masked.channels, config.hidden, tokens, config.depth, config.mlp_depth, config.pool
        )
        if config.vocabulary:
            self.register_buffer("llm_embed_tokens", torch.zeros(config.vocabulary, config.code_dim))
        self.quantizer = Quantizer(config.codes, config.code_dim)
        self.projector = mlp(config.projector_depth, config.code_dim, masked.encoder_dim)
        self.flowloss = FlowHead(masked.patch_dim, masked.decoder_dim, config.head_width, config.head_depth)

    def mix(self, logits: Tensor, gumbel: Tensor) -> Tensor:
        """Logits over the vocabulary [B, L, V], plus Gumbel noise or zeros -> mixtures of word embeddings [B, L, D]."""
        return F.softmax(logits + gumbel, dim=-1) @ self.llm_embed_tokens


def convert(state: Mapping[str, Tensor], settings: Mapping[str, Any]) -> V2Flow:
    """The model from an authors' state dict and ``settings["ctor"]``; raises :class:`ConversionError`."""
    model = V2Flow(v2flow_config(settings, state)).eval().requires_grad_(False)
    take(state, model, ignored=UNUSED)
    return model
