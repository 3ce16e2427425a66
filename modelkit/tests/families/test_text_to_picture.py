"""MaskGen and TA-TiTok bundles: what their manifests say, and the way from text to a picture through both."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from typer.testing import CliRunner

from modelkit.bundle import check_hashes
from modelkit.cli import app
from modelkit.families import clip_text
from modelkit.families.case import load_case
from modelkit.families.clip_text import ClipText, ClipTextConfig
from modelkit.families.export import Names
from modelkit.families.maskgen import chain
from modelkit.families.maskgen.vq_sampler import masked_counts
from modelkit.families.ta_titok.bundle import export_with_words
from modelkit.families.ta_titok.config import TaTitokConfig, ViT
from modelkit.families.ta_titok.model import TaTitok
from modelkit.families.ta_titok.picture import decode

ORACLES = Path(__file__).parents[1] / "data" / "oracles"


def convert(name: str, folder: Path, **settings) -> Path:
    family = "ta-titok" if name.startswith("ta-titok") else "maskgen"
    config = {**json.loads((ORACLES / name / "config.json").read_text()), **settings}
    (folder / "config.json").write_text(json.dumps(config))
    weights = str(ORACLES / name / "weights.safetensors")
    arguments = ["convert", "--from", family, weights, "--config", str(folder / "config.json")]
    result = CliRunner().invoke(app, [*arguments, "--out", str(folder / name)])
    assert result.exit_code == 0, result.output
    check_hashes(folder / name)
    return folder / name


@pytest.fixture(scope="module")
def bundles(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bundles")
    sizes = {"tinya": [32, 2, 4], "tinyb": [48, 3, 6]}
    titok = convert("ta-titok-vq", folder, sizes=sizes)
    return {"ta-titok-vq": titok} | {name: convert(name, folder) for name in ("maskgen-vq", "maskgen-kl")}


def manifest(bundle: Path) -> dict:
    return json.loads((bundle / "manifest.json").read_text())


def test_manifest_of_ta_titok(bundles):
    content = manifest(bundles["ta-titok-vq"])
    assert (content["family"], content["patch_dim"]) == ("ta-titok", 768)
    assert content["codebook"] == {"size": 128, "dim": 12}
    assert content["text"] == {"max_tokens": 77, "embed_dim": 32, "vocabulary_size": 0}
    assert content["parameter_count"] == sum(
        value.numel() for value in load_case(ORACLES / "ta-titok-vq").weights.values()
    )


@pytest.mark.parametrize(
    ("name", "tokens", "sampling"),
    [
        ("maskgen-vq", {"count": 32, "dim": 1}, (8, "cosine", "certainty", "arccos", 1.0, 2.0)),
        ("maskgen-kl", {"count": 32, "dim": 8}, (8, "linear", "random", "cosine", 1.0, None)),
    ],
)
def test_manifest_of_maskgen(bundles, name, tokens, sampling):
    content = manifest(bundles[name])
    assert (content["family"], content["decoder"], content["tokens"]) == ("maskgen", "ta-titok", tokens)
    names = ("rounds", "guidance_schedule", "reveal_order", "reveal_schedule", "temperature", "choice_temperature")
    assert tuple(content["sampling"].get(field) for field in names) == sampling
    assert content["aesthetic_score"] == {"default": 6.5}


def test_loaded_bundle_gives_the_recorded_ids(bundles):
    module, case = torch.jit.load(str(bundles["ta-titok-vq"] / "model.pt")), load_case(ORACLES / "ta-titok-vq")
    for picture, ids in zip(case.tensors["in.image"], case.tensors["enc.ids"]):
        assert torch.equal(module.nearest(module.encode_pixels(picture)), ids[0])


def test_text_becomes_a_picture(bundles):
    """The tokenizer is a random one whose tokens are those of the generator."""
    config = TaTitokConfig(ViT(32, 1, 4, 16), ViT(32, 1, 4, 16), 64, 32, 12, 96, text_length=77, text_dim=32)
    export = export_with_words(TaTitok(config).eval(), Names("titok"), torch.randn(5, 32), "{}")
    chain.check_fit(manifest(bundles["maskgen-vq"]), export.manifest)
    generator, decoder = torch.jit.load(str(bundles["maskgen-vq"] / "model.pt")), torch.jit.script(export.module)
    given = load_case(ORACLES / "maskgen-vq").tensors
    text, null = given["in.text"][0], given["in.null_text"][0]
    cond = generator.condition(text, given["in.text_pooled"][0, 0], null, null[0], torch.tensor([6.5]))
    order = torch.zeros(0, dtype=torch.int64)
    ids, counts = generator.canvas(torch.full((32,), -1), order), masked_counts("arccos", 32, 4)
    for k in range(4):
        budget = torch.tensor([[32 - counts[k], 32 - counts[k + 1], k + 1, 4, 7, 0]])
        generator.round([cond], [ids], [order], budget, torch.tensor([[3.0, 0, 2.0, 1.0]], dtype=torch.float64))
    tokens = generator.picture_tokens(ids, order)
    picture = decode(decoder, tokens, text)
    assert (picture.shape, picture.dtype) == ((64, 64, 3), torch.uint8)
    by_code = decode(decoder, decoder.codebook[tokens], text)
    assert int((picture.int() - by_code.int()).abs().max()) <= 1


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"family": "madit"}, "family must be ta-titok, is madit"),
        ({"tokens": {"count": 64, "dim": 12}}, r"tokens\.count must be 32, is 64"),
        ({"codebook": None}, r"codebook\.size must be 96, is None"),
    ],
)
def test_bundles_that_do_not_fit_are_named(bundles, changes, message):
    decoder = {"family": "ta-titok", "tokens": {"count": 32, "dim": 12}, "codebook": {"size": 96, "dim": 12}}
    chain.check_fit(manifest(bundles["maskgen-vq"]), decoder)
    with pytest.raises(ValueError, match=message):
        chain.check_fit(manifest(bundles["maskgen-vq"]), {**decoder, **changes})


def clip_files(folder: Path) -> dict:
    """A random text tower as wide as the recorded runs' text, with whole captions as words."""
    tokenizer = Tokenizer(WordLevel({"a": 1, "cat": 2, "[UNK]": 3}, "[UNK]"))
    (folder / "tokenizer.json").write_text(tokenizer.to_str())
    torch.manual_seed(3)
    clip = ClipText(ClipTextConfig(vocabulary=9, length=77, width=32, layers=2, pooled_dim=32))
    save_file({**clip.state_dict(), "visual.proj": torch.zeros(1)}, folder / "clip.safetensors")
    return {"weights": "clip.safetensors", "tokenizer": "tokenizer.json"}


@pytest.mark.parametrize("name", ["ta-titok-vq", "maskgen-vq", "maskgen-kl"])
def test_bundle_with_a_text_tower_makes_its_own_features(name, tmp_path):
    clip = clip_files(tmp_path)
    bundle = convert(name, tmp_path, clip=clip, sizes={"tinya": [32, 2, 4], "tinyb": [48, 3, 6]})
    module, content = torch.jit.load(str(bundle / "model.pt")), manifest(bundle)
    assert content["text"]["vocabulary_size"] == 9
    assert "cat" in (bundle / "tokenizer.json").read_text()
    before, last, pooled = clip_text.convert(load_file(tmp_path / "clip.safetensors"))(torch.tensor([7, 1, 2, 8]))
    features = module.embed_text(torch.tensor([7, 1, 2, 8]))
    if name == "ta-titok-vq":
        assert torch.allclose(features, last, atol=1e-6)
        assert module.condition(torch.zeros(16, dtype=torch.int64), features).shape == (16 + 77, 48)
    else:
        assert torch.allclose(features, before, atol=1e-6)
        assert torch.allclose(module.pool_text(torch.tensor([7, 1, 2, 8])), pooled, atol=1e-6)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda clip, folder: clip.pop("tokenizer"), 'clip must have "weights" and "tokenizer"'),
        (lambda clip, folder: (folder / "tokenizer.json").unlink(), "clip.tokenizer"),
        (
            lambda clip, folder: save_file({"x": torch.zeros(1)}, folder / "clip.safetensors"),
            "missing: token_embedding",
        ),
    ],
)
def test_text_tower_that_cannot_be_read_is_named(change, message, tmp_path):
    clip = clip_files(tmp_path)
    change(clip, tmp_path)
    config = {**json.loads((ORACLES / "maskgen-vq" / "config.json").read_text()), "clip": clip}
    (tmp_path / "config.json").write_text(json.dumps(config))
    weights = str(ORACLES / "maskgen-vq" / "weights.safetensors")
    arguments = ["convert", "--from", "maskgen", weights, "--config", str(tmp_path / "config.json")]
    result = CliRunner().invoke(app, [*arguments, "--out", str(tmp_path / "out")])
    assert result.exit_code == 2
    assert message in result.output.replace("\n", "")
