"""V2Flow's settings beyond the recorded ones."""

from pathlib import Path

import pytest
import torch

from modelkit.families.case import load_case
from modelkit.families.v2flow.model import V2Flow, convert, v2flow_config
from modelkit.families.v2flow.scripted import scripted
from modelkit.families.weights import ConversionError

ORACLES = Path(__file__).parents[1] / "data" / "oracles"
CTOR = {
    "vae_stride": 16,
    "vae_embed_dim": 4,
    "encoder_embed_dim": 16,
    "encoder_depth": 1,
    "encoder_num_heads": 2,
    "decoder_embed_dim": 16,
    "decoder_depth": 1,
    "decoder_num_heads": 2,
    "downsampler_hidden_dim": 8,
    "downsampler_depth": 1,
    "flowloss_d": 1,
    "flowloss_w": 16,
}
CODEBOOK = {"quantizer._codebook.embed": torch.zeros(1, 9, 16)}


@pytest.mark.parametrize(
    ("size", "pool", "tokens"), [(256, [2, 2], 64), (256, [1, 2], 128), (256, [1, 1], 256), (512, [1, 1], 1024)]
)
def test_token_counts_follow_size_and_pooling(size, pool, tokens):
    settings = {"ctor": {**CTOR, "img_size": size, "downsample": pool, "buffer_size": tokens}}
    script = torch.jit.script(scripted(V2Flow(v2flow_config(settings, CODEBOOK)).eval()))
    side = size // 16
    ids = script.ids_of(torch.randn(4, side, side))
    assert ids.shape == (tokens,)
    assert script.condition(ids, torch.empty(0, 0)).shape == (tokens, 16)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"buffer_size": 32}, "ctor.buffer_size: must be the number of tokens, 64 .* is 32"),
        ({"flow_method": "other"}, "ctor.flow_method: must be linear_flow or CondOT, is 'other'"),
        ({"decoder_embed_dim": 32}, "linear_flow needs the encoder's width"),
        ({"encoder_num_heads": 3}, "ctor.encoder_embed_dim: must be a multiple of encoder_num_heads 3, is 16"),
        ({"encoder_depth": "two"}, "ctor.encoder_depth: must be a positive number, is 'two'"),
    ],
)
def test_bad_settings_are_named(changes, message):
    ctor = {**CTOR, "img_size": 128, "buffer_size": 64, **changes}
    with pytest.raises(ConversionError, match=message):
        convert(CODEBOOK, {"ctor": ctor})


def test_vocabulary_tokens_are_mixtures_of_words():
    case = load_case(ORACLES / "v2flow-vocabulary")
    model = convert(case.weights, case.config)
    script = torch.jit.script(scripted(model).eval())
    latents, words = case.tensors["in.latents"][0], case.weights["llm_embed_tokens"]
    quiet = script.tokens_of(latents, torch.empty(0, len(words)))
    assert torch.equal(script.ids_of(latents), script.nearest(quiet))
    certain = torch.zeros(16, len(words))
    certain[:, 3] = 1e6  # noise that leaves no doubt
    assert torch.allclose(script.tokens_of(latents, certain), words[3].expand(16, -1))
