"""CLIP's text tower against PyTorch's own transformer, and its rules for captions."""

import pytest
import torch
from torch import nn

from modelkit.families.clip_text import ClipText, ClipTextConfig, convert

CONFIG = ClipTextConfig(vocabulary=50, length=8, width=128, layers=3, pooled_dim=24, quick_gelu=False)


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    model = ClipText(CONFIG).eval().requires_grad_(False)
    for parameter in model.parameters():
        parameter.normal_(std=0.1)
    return model


def plain(model: ClipText) -> nn.TransformerEncoder:
    layer = nn.TransformerEncoderLayer(128, 2, 512, 0.0, "gelu", batch_first=True, norm_first=True)
    encoder = nn.TransformerEncoder(layer, CONFIG.layers, enable_nested_tensor=False).eval()
    names = {"attn": "self_attn", "ln_1": "norm1", "ln_2": "norm2", "mlp.c_fc": "linear1", "mlp.c_proj": "linear2"}
    for block, target in zip(model.transformer.resblocks, encoder.layers):
        state = block.state_dict()
        for ours, theirs in names.items():
            state = {name.replace(ours, theirs): value for name, value in state.items()}
        target.load_state_dict(state)
    return encoder


def test_features_equal_pytorch_s_causal_transformer(model):
    ids = torch.tensor([48, 3, 9, 49, 0, 0, 0, 0])
    x = (model.token_embedding(ids) + model.positional_embedding).unsqueeze(0)
    encoder, mask = plain(model), nn.Transformer.generate_square_subsequent_mask(8)
    for layer in list(encoder.layers)[:-1]:
        x = layer(x, mask)
    before, last, pooled = torch.jit.script(model)(ids[:4])
    assert torch.allclose(before, x[0], atol=1e-5)
    expected = model.ln_final(encoder.layers[-1](x, mask))[0]
    assert torch.allclose(last, expected, atol=1e-5)
    assert torch.allclose(pooled, expected[3] @ model.text_projection, atol=1e-5)


def test_long_captions_keep_their_beginning_and_end(model):
    assert model.padded(torch.arange(40, 50)).tolist() == [40, 41, 42, 43, 44, 45, 46, 49]
    assert model.padded(torch.tensor([48, 49])).tolist() == [48, 49, 0, 0, 0, 0, 0, 0]


def test_conversion_reads_sizes_and_ignores_the_picture_half(model):
    state = {**model.state_dict(), "visual.conv1.weight": torch.zeros(1), "logit_scale": torch.ones(())}
    again = convert(state, quick_gelu=False)
    assert again.config == CONFIG
    assert torch.equal(again(torch.tensor([48, 5, 49]))[2], model(torch.tensor([48, 5, 49]))[2])


def test_quick_gelu_changes_the_features(model):
    quick = convert(model.state_dict())
    assert quick.config.quick_gelu
    assert not torch.equal(quick(torch.tensor([48, 5, 49]))[1], model(torch.tensor([48, 5, 49]))[1])
