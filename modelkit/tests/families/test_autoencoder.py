"""Autoencoders by configuration, against diffusers with random weights."""

import json

import pytest
import torch
from safetensors.torch import save_file

from modelkit.families.autoencoder import diffusers_names, load_autoencoder
from modelkit.families.weights import ConversionError
from modelkit.vae import Vae, VaeConfig

DC_AE = {
    "latent_channels": 8,
    "attention_head_dim": 8,
    "encoder_block_types": ["ResBlock", "ResBlock", "EfficientViTBlock"],
    "decoder_block_types": ["ResBlock", "ResBlock", "EfficientViTBlock"],
    "encoder_block_out_channels": [16, 32, 64],
    "decoder_block_out_channels": [16, 32, 64],
    "encoder_layers_per_block": [1, 2, 1],
    "decoder_layers_per_block": [2, 1, 1],
    "encoder_qkv_multiscales": [[], [], [5]],
    "decoder_qkv_multiscales": [[], [], [5]],
    "decoder_norm_types": ["batch_norm", "rms_norm", "rms_norm"],
    "decoder_act_fns": ["relu", "silu", "silu"],
}
SANA = {
    **DC_AE,
    "encoder_layers_per_block": [0, 1, 1],
    "downsample_block_type": "conv",
    "upsample_block_type": "interpolate",
}


@torch.no_grad()
def _randomised(module: torch.nn.Module) -> torch.nn.Module:
    torch.manual_seed(0)
    for name, value in module.state_dict().items():
        if value.is_floating_point() and "running" not in name:
            value.normal_(std=value[0].numel() ** -0.5 if value.dim() > 1 else 0.3)
    return module.eval()


def _load(folder, kind: str, state, config, **units):
    save_file({name: value.contiguous() for name, value in state.items()}, folder / "vae.safetensors")
    (folder / "vae.json").write_text(json.dumps(config))
    return load_autoencoder(
        {"vae": {"kind": kind, "weights": "vae.safetensors", "config": "vae.json", **units}}, folder
    )


@torch.no_grad()
@pytest.mark.parametrize("config", [DC_AE, SANA], ids=["unshuffle", "interpolate"])
@pytest.mark.parametrize("side", [8, 32], ids=["quadratic", "linear"])
def test_dc_ae_equals_diffusers(config, side, tmp_path):
    theirs = _randomised(pytest.importorskip("diffusers").AutoencoderDC(**config))
    ours = torch.jit.script(_load(tmp_path, "dc-ae", theirs.state_dict(), config, scale=0.41407))
    pixels = torch.rand(2, 3, side, side) * 2 - 1
    latents = theirs.encode(pixels).latent
    assert torch.allclose(ours.encode(pixels), latents * 0.41407, atol=1e-4 * float(latents.abs().max()))
    decoded = theirs.decode(latents).sample
    assert torch.allclose(ours.decode(latents * 0.41407), decoded, atol=1e-4 * float(decoded.abs().max()))


KL = {"block_out_channels": [16, 32], "layers_per_block": 1, "latent_channels": 4, "norm_num_groups": 8}


@torch.no_grad()
def test_kl_with_attention_at_the_end_equals_diffusers(tmp_path):
    types = {"down_block_types": ["DownEncoderBlock2D", "AttnDownEncoderBlock2D"]}
    ups = {"up_block_types": ["UpDecoderBlock2D"] * 2}
    theirs = _randomised(pytest.importorskip("diffusers").AutoencoderKL(**KL, **types, **ups))
    ours = _load(tmp_path, "kl", theirs.state_dict(), {**KL, **types}, scale=0.2325, shift=0.1)
    pixels = torch.rand(1, 3, 16, 16) * 2 - 1
    mean = theirs.encode(pixels).latent_dist.mean
    assert torch.allclose(ours.encode(pixels), (mean - 0.1) * 0.2325, atol=1e-5)
    assert torch.allclose(ours.decode((mean - 0.1) * 0.2325), theirs.decode(mean).sample, atol=1e-4)


LATENT_DIFFUSION = {
    "encoder.conv_in.weight": "encoder.conv_in.weight",
    "encoder.down.0.block.1.norm1.weight": "encoder.down_blocks.0.resnets.1.norm1.weight",
    "encoder.down.2.block.0.nin_shortcut.bias": "encoder.down_blocks.2.resnets.0.conv_shortcut.bias",
    "encoder.down.0.downsample.conv.weight": "encoder.down_blocks.0.downsamplers.0.conv.weight",
    "encoder.down.2.attn.1.proj_out.bias": "encoder.down_blocks.2.attentions.1.to_out.0.bias",
    "encoder.mid.block_1.conv1.bias": "encoder.mid_block.resnets.0.conv1.bias",
    "encoder.mid.attn_1.norm.bias": "encoder.mid_block.attentions.0.group_norm.bias",
    "encoder.norm_out.weight": "encoder.conv_norm_out.weight",
    "decoder.mid.attn_1.q.bias": "decoder.mid_block.attentions.0.to_q.bias",
    "decoder.up.0.block.2.conv2.weight": "decoder.up_blocks.2.resnets.2.conv2.weight",
    "decoder.up.2.upsample.conv.weight": "decoder.up_blocks.0.upsamplers.0.conv.weight",
    "post_quant_conv.weight": "post_quant_conv.weight",
}


def test_latent_diffusion_names_become_those_of_diffusers():
    renamed = diffusers_names({name: torch.tensor(i) for i, name in enumerate(LATENT_DIFFUSION)})
    assert {name: int(value) for name, value in renamed.items()} == {
        name: i for i, name in enumerate(LATENT_DIFFUSION.values())
    }


def test_attention_convolutions_become_linear_layers():
    renamed = diffusers_names({"encoder.mid.attn_1.k.weight": torch.zeros(4, 4, 1, 1)})
    assert renamed["encoder.mid_block.attentions.0.to_k.weight"].shape == (4, 4)


def test_settings_without_an_autoencoder_have_none(tmp_path):
    assert load_autoencoder({}, tmp_path) is None


@pytest.mark.parametrize(
    ("vae", "message"),
    [
        ({"kind": "kl"}, '"kind" and "weights"'),
        ({"kind": "vq", "weights": "a.safetensors"}, "must be kl or dc-ae, is 'vq'"),
        ({"kind": "kl", "weights": "a.safetensors", "config": "none.json"}, "none.json"),
        ({"kind": "kl", "weights": "a.safetensors", "config": KL}, "missing: "),
    ],
)
def test_bad_settings_are_named(vae, message, tmp_path):
    state = {"quant_conv.bias": torch.zeros(8)}
    save_file(state, tmp_path / "a.safetensors")
    with pytest.raises(ConversionError, match=message):
        load_autoencoder({"vae": vae}, tmp_path)


def test_small_vae_scripts_with_attention():
    config = VaeConfig((8, 16), 1, norm_groups=4, last_attention=True)
    assert torch.jit.script(Vae(config)).encode(torch.zeros(1, 3, 8, 8)).shape == (1, 4, 4, 4)
