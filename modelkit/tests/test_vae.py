"""The autoencoder against diffusers' AutoencoderKL with random weights, and its own additions."""

import pytest
import torch

from modelkit.vae import Vae, VaeConfig

SDXL = {
    "down_block_types": ["DownEncoderBlock2D"] * 4,
    "up_block_types": ["UpDecoderBlock2D"] * 4,
    "layers_per_block": 2,
    "latent_channels": 4,
    "scaling_factor": 0.13025,
}


def peer(widths: tuple[int, ...], groups: int) -> torch.nn.Module:
    diffusers = pytest.importorskip("diffusers")
    return diffusers.AutoencoderKL(**SDXL, block_out_channels=widths, norm_num_groups=groups, sample_size=64).eval()


@torch.no_grad()
def test_sdxl_shaped_vae_equals_diffusers():
    torch.manual_seed(0)
    widths = (16, 32, 64, 64)
    theirs, ours = peer(widths, 8), Vae(VaeConfig(widths, norm_groups=8)).eval()
    ours.load_state_dict(theirs.state_dict())
    pixels = torch.rand(2, 3, 64, 96) * 2 - 1
    mean, log_var = ours.moments(pixels)
    posterior = theirs.encode(pixels).latent_dist
    assert float((mean - posterior.mean).abs().max()) <= 1e-4
    assert float((log_var - posterior.logvar).abs().max()) <= 1e-4
    assert torch.allclose(ours.encode(pixels), mean * 0.13025)
    latents = torch.randn(2, 4, 8, 12)
    decoded = theirs.decode(latents).sample
    assert float((ours.decode_raw(latents) - decoded).abs().max()) <= 1e-4
    assert float((torch.jit.script(ours).decode(latents * 0.13025) - decoded).abs().max()) <= 1e-4


def test_full_sdxl_parameters_have_diffusers_names_and_shapes():
    with torch.device("meta"):
        theirs, ours = peer((128, 256, 512, 512), 32), Vae(VaeConfig())
    shapes = {name: value.shape for name, value in theirs.state_dict().items()}
    assert {name: value.shape for name, value in ours.state_dict().items()} == shapes


@torch.no_grad()
def test_unshuffled_vae_keeps_the_size_and_scales_latents():
    config = VaeConfig((8, 16), 1, norm_groups=4, pixel_unshuffle=4, mid_attention=False, scale=0.5, shift=0.25)
    vae = Vae(config).eval()
    pixels = torch.rand(1, 3, 64, 32) * 2 - 1
    latents = vae.encode(pixels)
    assert config.stride == 8
    assert latents.shape == (1, 4, 8, 4)
    assert torch.allclose(latents, (vae.moments(pixels)[0] - 0.25) * 0.5)
    assert torch.allclose(vae.decode(latents), vae(pixels), atol=1e-5)
