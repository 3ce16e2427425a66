import math

import torch

from modelkit.metrics import frechet_distance, gradient_energy, patch_std, psnr, spearman, ssim, tile_features


def _pictures(seed: int) -> torch.Tensor:
    return torch.randint(0, 256, (2, 64, 64, 3), generator=torch.Generator().manual_seed(seed), dtype=torch.uint8)


def test_psnr_ofAKnownError():
    a = torch.zeros(1, 8, 8, 3, dtype=torch.uint8)
    assert math.isclose(float(psnr(a, a + 10)), 20 * math.log10(25.5), rel_tol=1e-5)


def test_ssim_isOneOnlyForEqualPictures():
    a, b = _pictures(0), _pictures(1)
    assert torch.allclose(ssim(a, a), torch.ones(2), atol=1e-5)
    assert float(ssim(a, b).max()) < 0.2


def test_spearman_countsRanksAndShares():
    assert math.isclose(spearman(torch.tensor([1.0, 2.0, 3.0]), torch.tensor([10.0, 400.0, 401.0])), 1.0)
    assert math.isclose(spearman(torch.tensor([1.0, 2.0, 3.0]), torch.tensor([3.0, 2.0, 1.0])), -1.0)
    # scipy.stats.spearmanr([1, 2, 2, 4], [1, 3, 2, 4]) = 0.9486832980505138
    ties = spearman(torch.tensor([1.0, 2.0, 2.0, 4.0]), torch.tensor([1.0, 3.0, 2.0, 4.0]))
    assert math.isclose(ties, 0.9486832980505138, rel_tol=1e-6)


def test_patchStd_isInRasterOrder():
    picture = torch.zeros(1, 4, 4, 3)
    picture[0, 0, 2] = 12.0
    assert (patch_std(picture, 2)[0] > 0).tolist() == [False, True, False, False]


def test_frechetDistance_isZeroForTheSameSetAndGrowsWithBlur():
    pictures = torch.cat([_pictures(s) for s in range(40)])
    pictures = torch.nn.functional.avg_pool2d(pictures.permute(0, 3, 1, 2).float(), 3, 1, 1).permute(0, 2, 3, 1)
    blurred = torch.nn.functional.avg_pool2d(pictures.permute(0, 3, 1, 2), 3, 1, 1).permute(0, 2, 3, 1)
    features = tile_features(pictures)
    assert features.shape == (80, 64)
    same, far = frechet_distance(features, features), frechet_distance(features, tile_features(blurred))
    assert abs(same) < 1e-6 * far
    assert float((gradient_energy(blurred) / gradient_energy(pictures)).max()) < 0.5
