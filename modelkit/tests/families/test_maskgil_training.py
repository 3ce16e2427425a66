"""Training of maskgil-nano on a few synthetic ids, and completion of partial sequences."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from modelkit.bundle import check_hashes
from modelkit.families.export import Names
from modelkit.families.maskgil.bundle import export_with_words
from modelkit.families.maskgil.complete import complete
from modelkit.families.maskgil.config import LlamaConfig
from modelkit.families.maskgil.evaluate import Held, best_hits, completions, manifest_sampling
from modelkit.families.maskgil.ids import IdScenes
from modelkit.families.maskgil.sampler import MaskGilSampling
from modelkit.families.maskgil.scripted import ScriptedMaskGil
from modelkit.families.maskgil.train import (
    Examples,
    Recipe,
    chosen_rows,
    evaluate,
    examples,
    load_maskgil,
    masks,
    start,
    targets,
    train_maskgil,
)
from modelkit.families.ta_titok.captions import Captions
from modelkit.metrics import psnr
from modelkit.trainer import Schedule

MODELS = Path(__file__).parents[3] / "models"
CONFIG = LlamaConfig(
    codes=12,
    grid=4,
    width=32,
    depth=2,
    heads=2,
    kv_heads=2,
    hidden=64,
    feature_dim=4,
    slots=2,
    text=True,
    rope="grid",
    rope_base=20.0,
    qk_norm=True,
    post_norm=True,
    embed_dim=16,
    tied=True,
)
CODEBOOK = torch.nn.functional.normalize(torch.randn(12, 6, generator=torch.Generator().manual_seed(0)), dim=1)


def flat(count: int) -> Examples:
    """Pictures of one id each; the captions say nothing."""
    ids = (torch.arange(count) % 12).unsqueeze(1).repeat(1, 16)
    words = torch.zeros(count, 2, dtype=torch.int64)
    return Examples(ids, Captions(words, words > 0, torch.eye(5, 4)))


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    run = tmp_path_factory.mktemp("run")
    recipe = Recipe(Schedule(250, 5e-3, warmup=10), batch=8, asked=6)
    return run, recipe, train_maskgil(CONFIG, recipe, CODEBOOK, flat(24), flat(12), run, bf16=False)


def test_it_learns_and_a_finished_run_is_not_repeated(trained):
    run, recipe, model = trained
    row = json.loads((run / "maskgil.jsonl").read_text().splitlines()[-1])
    assert row["held_hits"] > 0.9
    again = train_maskgil(CONFIG, recipe, CODEBOOK, flat(24), flat(12), run, bf16=False)
    assert torch.equal(again.tok_emb.weight, model.tok_emb.weight)
    assert torch.equal(load_maskgil(CONFIG, run).tok_emb.weight, model.tok_emb.weight)


def test_a_quarter_is_completed(trained):
    run, _, _ = trained
    module = torch.jit.script(ScriptedMaskGil(load_maskgil(CONFIG, run)).eval())
    begun = flat(5).ids.clone()
    begun[:, 4:] = -1
    sampling = MaskGilSampling(rounds=4, guidance=0.0, temperature=3.0)
    cond = module.condition(torch.empty(0, dtype=torch.int64), torch.zeros(0, 4))
    ids = complete(module, begun, [cond] * 5, sampling, range(5))
    assert torch.equal(ids[:, :4], begun[:, :4])
    assert float((ids == flat(5).ids).float().mean()) > 0.9
    alone = complete(module, begun[3:4], [cond], sampling, [3])
    assert torch.equal(alone[0], ids[3])
    assert torch.equal(complete(module, ids, [cond] * 5, sampling, range(5)), ids)


def test_completions_are_compared_with_simple_rules(trained):
    run, _, _ = trained
    names, sampling = Names("tiny"), MaskGilSampling(rounds=4, guidance=0.0, temperature=3.0)
    bundle = export_with_words(load_maskgil(CONFIG, run), names, sampling, "pictures", torch.randn(9, 4), "{}")
    module = torch.jit.script(bundle.module.eval())
    held = Held(flat(6).ids, [""] * 6, [[1, 2], [3]] * 3, torch.zeros(0))
    found = completions(module, held, manifest_sampling(bundle.manifest))
    right = {name: float((ids == held.ids).float().mean()) for name, ids in found.items()}
    assert right["last known row repeated"] == 1.0
    assert right["random ids"] < 0.6 < right["maskgil, no caption"]
    assert all(torch.equal(ids[:, :4], held.ids[:, :4]) for ids in found.values())
    assert best_hits(module, held, 4) > 0.6
    assert bundle.manifest["text"] == {"max_tokens": 2, "embed_dim": 4, "vocabulary_size": 9}


def test_masks_leave_the_first_quarter_known_as_often_as_told():
    generator = torch.Generator().manual_seed(3)
    recipe = Recipe(Schedule(1, 1e-3), beginnings=0.5)
    masked = masks(400, CONFIG, recipe, generator)
    assert bool(masked.any(1).all())
    assert 0.5 < float((~masked[:, :4].any(1)).float().mean()) < 0.8
    rows = chosen_rows(masked, 5, generator)
    assert bool(masked.flatten()[rows].all())
    assert int(torch.bincount(rows // 16).max()) <= 5
    assert len(rows.unique()) == len(rows)
    assert bool((~masks(50, CONFIG, replace(recipe, beginnings=1.0), generator)[:, :4]).all())


def test_it_starts_from_the_codewords():
    model = start(CONFIG, CODEBOOK)
    assert torch.allclose(model.tok_emb.weight[:12, :6], 3 * CODEBOOK)
    row = evaluate(model.eval(), flat(4), CODEBOOK)
    assert set(row) == {f"held_{of}{part}" for of in ("error", "hits", "cosine") for part in ("", "_no_caption")}


def test_a_near_codeword_is_nearly_right():
    near = torch.nn.functional.normalize(CODEBOOK[:1] + 0.05, dim=1)
    book = torch.cat([CODEBOOK, near])
    sharp, blurred = (targets(book, torch.tensor([0, 5]), blur) for blur in (0.001, 0.1))
    assert sharp.shape == (2, 14)
    assert torch.allclose(blurred.sum(1), torch.ones(2))
    assert float(sharp[1, 5]) > 0.999
    assert float(blurred[0, 12]) > 0.25
    assert float(blurred[:, 13].abs().max()) == 0.0


def test_targets_become_sharper():
    recipe = Recipe(Schedule(100, 1e-3), blur=(0.2, 0.1))
    assert [recipe.blur_at(step) for step in (0, 50)] == pytest.approx([0.2, 0.15])


def test_sets_of_scenes_are_joined(monkeypatch):
    monkeypatch.setattr("modelkit.families.maskgil.train.word_table", lambda dim: torch.zeros(3, dim))
    monkeypatch.setattr("modelkit.families.ta_titok.captions.token_ids", lambda caption, limit: [len(caption)])
    parts = [IdScenes(flat(2).ids, ["a", "bb"]), IdScenes(flat(1).ids + 1, ["ccc"])]
    joined = examples(parts, CONFIG)
    assert joined.ids[:, 0].tolist() == [0, 1, 1]
    assert joined.captions.ids[:, 0].tolist() == [1, 2, 3]


def scene() -> Tensor:
    """A yellow disc on blue: uint8 [256, 256, 3]."""
    rows, columns = np.mgrid[:256, :256]
    picture = np.full((256, 256, 3), (40, 90, 200), np.uint8)
    picture[(rows - 60) ** 2 + (columns - 150) ** 2 < 40**2] = (250, 200, 40)
    return torch.from_numpy(picture)


def test_the_committed_model_goes_on_with_a_picture():
    folder = MODELS / "maskgil-nano"
    check_hashes(folder)
    assert sum(file.stat().st_size for file in folder.iterdir()) <= 12_000_000
    manifest = json.loads((folder / "manifest.json").read_text())
    module = torch.jit.load(str(folder / "model.pt"), map_location="cpu")
    decoder = torch.jit.load(str(MODELS / manifest["decoder"] / "model.pt"), map_location="cpu")
    truth = decoder.encode(scene())
    begun = truth.repeat(8, 1)
    begun[:, 64:] = -1
    cond = module.condition(torch.empty(0, dtype=torch.int64), module.embed_text(torch.tensor([2307])))
    completed = complete(module, begun, [cond] * 8, manifest_sampling(manifest), range(8))
    assert torch.equal(completed[:, :64], begun[:, :64])
    random = truth.repeat(8, 1)
    random[:, 64:] = torch.randint(8192, (8, 192), generator=torch.Generator().manual_seed(0))
    order = torch.arange(256)
    drawn = torch.stack([decoder.decode(decoder.canvas(ids, order), order) for ids in torch.cat([completed, random])])
    ours, theirs = psnr(drawn, scene().expand(16, -1, -1, -1)).chunk(2)
    assert float(ours.mean()) > float(theirs.mean()) + 1
