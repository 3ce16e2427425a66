"""Training on principal components of patches in place of pixels.

The mean square error is the same up to what the components leave out, and a step is a third cheaper: the large matrices
between pixels and the transformers are folded in once, at the end.
"""

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .model import TaTitok


@dataclass(frozen=True)
class Components:
    """``basis`` [K, 3 p p] orthonormal rows, ``mean`` [3 p p], ``deviation`` [K] of the coefficients, largest first."""

    basis: Tensor
    mean: Tensor
    deviation: Tensor

    def coefficients(self, pictures: np.ndarray, patch: int) -> Tensor:
        """Pictures uint8 [M, H, W, 3] -> [M, N, K]."""
        chunks = [_patches(pictures[i : i + 32], patch) for i in range(0, len(pictures), 32)]
        return torch.cat([(chunk - self.mean) @ self.basis.t() for chunk in chunks])


def principal_components(pictures: np.ndarray, patch: int, count: int) -> Components:
    """The ``count`` leading components of all patches of ``pictures``."""
    rows = _patches(pictures, patch).flatten(0, 1)
    mean = rows.mean(0)
    rows = rows - mean
    values, vectors = torch.linalg.eigh(rows.t() @ rows / len(rows))
    return Components(vectors[:, -count:].flip(1).t().contiguous(), mean, values[-count:].flip(0).sqrt())


def _patches(pictures: np.ndarray, patch: int) -> Tensor:
    """Values in [0, 1], colour-major inside a patch: [M, N, 3 p p]."""
    pixels = torch.from_numpy(np.array(pictures)).permute(0, 3, 1, 2).float() / 255
    return F.pixel_unshuffle(pixels, patch).flatten(2).transpose(1, 2)


class ComponentTitok(nn.Module):
    """The transformers of ``titok`` between coefficients [B, N, K] on both sides."""

    def __init__(self, titok: TaTitok, components: Components) -> None:
        super().__init__()
        self.titok = titok
        deviation = components.deviation
        self.reader = nn.Linear(len(deviation), titok.config.encoder.width)
        self.writer = nn.Linear(titok.config.decoder.width, len(deviation))
        with torch.no_grad():
            self.reader.weight.div_(
                (deviation + 0.05 * deviation[0]) * self.reader.weight.std() * len(deviation) ** 0.5
            )
            self.writer.weight.mul_(deviation.unsqueeze(1))

    def encode(self, coefficients: Tensor) -> Tensor:
        """-> unit vectors [B, L, C]."""
        encoder = self.titok.encoder
        x = encoder.read(encoder.run(encoder.embed_patches(self.reader(coefficients), self.titok.latent_tokens)))
        return F.normalize(x.flatten(2).transpose(1, 2).float(), dim=-1)

    def decode(self, codes: Tensor, text: Tensor, mask: Tensor) -> Tensor:
        """Codes [B, L, C], text [B, S, E], its mask bool [B, S] -> [B, N, K]."""
        decoder = self.titok.decoder
        x = decoder.embed(codes, text)
        seen = F.pad(mask, (x.shape[1] - mask.shape[1], 0), value=True)
        return self.writer(decoder.patches(decoder.run(x, seen[:, None, None]))).float()

    @torch.no_grad()
    def fold(self, components: Components) -> TaTitok:
        """Writes reader and writer into the pixel layers of ``titok`` and returns it."""
        encoder, decoder = self.titok.encoder, self.titok.decoder
        read = self.reader.weight @ components.basis
        encoder.patch_embed.weight.copy_(read.view_as(encoder.patch_embed.weight))
        encoder.patch_embed.bias.copy_(self.reader.bias - read @ components.mean)
        colours = components.basis.t() @ self.writer.weight
        bias = components.basis.t() @ self.writer.bias + components.mean
        # The decoder's patches have the colour last.
        last = torch.arange(len(bias)).view(3, -1).t().flatten()
        decoder.ffn[0].weight.copy_(colours[last, :, None, None])
        decoder.ffn[0].bias.copy_(bias[last])
        nn.init.dirac_(decoder.conv_out.weight)
        decoder.conv_out.bias.zero_()
        return self.titok
