"""The model in training, with a codebook that follows the encoder's vectors by a moving average."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .config import TaTitokConfig
from .model import TaTitok
from .patches import Components, ComponentTitok
from .start import near_start


class Training(nn.Module):
    """The model between components, and the running sums behind its codebook."""

    def __init__(self, config: TaTitokConfig, components: Components) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.core = ComponentTitok(near_start(TaTitok(config)), components)
        self.codebook.requires_grad_(False)
        self.register_buffer("count", torch.ones(config.codebook_size))
        self.register_buffer("total", torch.zeros(config.codebook_size, config.token_size))

    @property
    def codebook(self) -> Tensor:
        return self.core.titok.quantize.embedding.weight


@torch.no_grad()
def encode_all(training: Training, coefficients: Tensor) -> Tensor:
    """Ids int64 [M, L] of pictures."""
    quantize = training.core.titok.quantize
    return torch.cat([quantize.nearest(training.core.encode(chunk)) for chunk in coefficients.split(64)])


@torch.no_grad()
def restart(training: Training, coefficients: Tensor, rounds: int = 8) -> None:
    """Spherical k-means over the vectors of up to 2048 pictures."""
    generator = torch.Generator().manual_seed(11)
    pick = torch.randperm(len(coefficients), generator=generator)[:2048]
    vectors = torch.cat([training.core.encode(coefficients[p]).flatten(0, 1) for p in pick.split(64)])
    size = len(training.codebook)
    training.codebook.copy_(vectors[torch.randint(len(vectors), (size,), generator=generator)])
    for _ in range(rounds):
        ids = torch.cat([training.core.titok.quantize.nearest(chunk) for chunk in vectors.split(2048)])
        total = torch.zeros_like(training.codebook).index_add_(0, ids, vectors)
        used = torch.bincount(ids, minlength=size) > 0
        training.codebook[used] = F.normalize(total[used], dim=-1)
    training.count.fill_(len(vectors) / size)
    training.total.copy_(training.codebook * training.count.unsqueeze(1))


@torch.no_grad()
def follow(training: Training, vectors: Tensor, ids: Tensor, decay: float = 0.99) -> None:
    """Moves codewords to the mean of the vectors that chose them; idle ones start again at one of ``vectors``."""
    size = len(training.codebook)
    share = len(vectors) / size / (1 - decay)  # the count of a codeword that gets its share
    training.count.mul_(decay).add_(torch.bincount(ids, minlength=size))
    training.total.mul_(decay).index_add_(0, ids, vectors)
    idle = (training.count < 0.03 * share).nonzero().flatten()[:32]
    if len(idle):
        fresh = vectors[torch.randint(len(vectors), (len(idle),))]
        training.count[idle] = share
        training.total[idle] = fresh * share
    training.codebook.copy_(F.normalize(training.total, dim=-1))
