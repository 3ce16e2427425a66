"""The bundle: a folder that a server can trust.

Files: ``manifest.json``, ``model.pt`` (TorchScript), ``codeword_kl.f32`` and, when the model takes captions,
``tokenizer.json``.
"""

import hashlib
import json
import re
import zipfile
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import torch
from torch import Tensor, nn

from .gtr import GtrOptions
from .madit import FrequencySteps, MaditConfig, MaditModel, SamplingDefaults, TextConfig
from .scripted import ScriptedMadit
from .tokenizer import TokenizerConfig
from .vae import VaeConfig

SCHEMA_VERSION = 1
EPOCH = (1980, 1, 1, 0, 0, 0)
MANIFEST, MODEL, CODEWORD_KL, TOKENIZER = "manifest.json", "model.pt", "codeword_kl.f32", "tokenizer.json"


@dataclass(frozen=True)
class BundleInfo:
    """What the weights alone do not tell. ``provenance`` and ``metrics`` are free-form JSON objects."""

    version: str
    licence: str = "Apache-2.0"
    provenance: dict[str, object] = field(default_factory=dict)
    metrics: dict[str, object] = field(default_factory=dict)


def config_from_dict(raw: dict) -> MaditConfig:
    """Inverse of ``dataclasses.asdict`` after a trip through JSON."""
    vae = {**raw["vae"], "block_out_channels": tuple(raw["vae"]["block_out_channels"])}
    return MaditConfig(
        **{
            **raw,
            "vae": VaeConfig(**vae),
            "tokenizer": TokenizerConfig(**raw["tokenizer"]),
            "text": TextConfig(**raw["text"]) if raw["text"] else None,
            "sampling": sampling_from_dict(raw["sampling"]),
        }
    )


def sampling_from_dict(raw: dict) -> SamplingDefaults:
    """Sampling settings from JSON; what is absent has its default."""
    sampling = SamplingDefaults(**raw)
    if sampling.gtr:
        sampling = replace(sampling, gtr=GtrOptions(**raw["gtr"]))
    if sampling.frequency_steps:
        sampling = replace(sampling, frequency_steps=FrequencySteps(**raw["frequency_steps"]))
    return sampling


def sampling_to_dict(sampling: SamplingDefaults) -> dict[str, object]:
    """The settings as a manifest has them: without what is not set."""
    return {
        name: {key: inner for key, inner in value.items() if inner is not None} if isinstance(value, dict) else value
        for name, value in asdict(sampling).items()
        if value is not None
    }


def write_bundle(
    model: MaditModel, folder: Path, info: BundleInfo, tokenizer_json: str | None = None, compact: bool = False
) -> None:
    """Scripts ``model`` and writes a complete bundle to ``folder``.

    ``compact`` rounds the weights of ``model`` to float16 values and compresses the archive, which about halves its size;
    tensors stay float32, so that nothing changes for who loads it.
    """
    if compact:
        round_weights(model, torch.float16)
    if (tokenizer_json is None) != (model.config.text is None):
        raise ValueError("a bundle has a tokenizer exactly when the model takes text")
    files = {CODEWORD_KL: model.tokenizer.codeword_kl.numpy(force=True).astype("<f4").tobytes()}
    if tokenizer_json is not None:
        files[TOKENIZER] = tokenizer_json.encode()
    write_folder(folder, ScriptedMadit(model), asdict(model.config), manifest(model, info), files, compact)


def renew_bundle(source: Path, folder: Path, compact: bool = False) -> None:
    """Writes the weights of ``source`` with today's script; its manifest stays, but for hashes and new bounds."""
    model = read_model(source)
    old = json.loads((source / MANIFEST).read_text())
    files = {name: (source / name).read_bytes() for name in old["files"] if name != MODEL}
    bounds = manifest(model, BundleInfo(old["version"]))["bounds"] | old["bounds"]
    if compact:
        round_weights(model, torch.float16)
    write_folder(folder, ScriptedMadit(model), asdict(model.config), old | {"bounds": bounds}, files, compact)


def write_folder(
    folder: Path,
    module: nn.Module,
    config: dict[str, object],
    content: dict[str, object],
    files: dict[str, bytes],
    compact: bool = False,
) -> None:
    """Writes a bundle of any family: ``module`` as TorchScript, ``files`` beside it, the manifest with all hashes.

    ``config`` goes into the archive as its extra file ``config.json``; ``content`` is the manifest without hashes.
    """
    folder.mkdir(parents=True, exist_ok=True)
    write_script(module, config, folder / MODEL, compact)
    for name, data in files.items():
        (folder / name).write_bytes(data)
    hashes = {name: _sha256(folder / name) for name in [MODEL, *files]}
    text = json.dumps(content | {"files": hashes}, indent=2, ensure_ascii=False)
    (folder / MANIFEST).write_text(text + "\n", encoding="utf-8")


@torch.no_grad()
def round_weights(model: nn.Module, dtype: torch.dtype) -> None:
    """Rounds every parameter to the nearest value of ``dtype``, in place; buffers (codebook, KL, tables) are left alone."""
    for parameter in model.parameters():
        parameter.copy_(parameter.to(dtype).float())


def _sha256(file: Path) -> str:
    digest = hashlib.sha256()
    with open(file, "rb") as stream:
        while chunk := stream.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


def write_script(module: nn.Module, config: dict[str, object], file: Path, compressed: bool = False) -> None:
    """TorchScript archive of ``module``, with the configuration as the extra file ``config.json``."""
    scripted = torch.jit.script(module.eval())
    for parameter in scripted.parameters():
        parameter.requires_grad_(False)
    raw = file.with_suffix(".partial")
    torch.jit.save(scripted, str(raw), _extra_files={"config.json": json.dumps(config)})
    _copy_canonical(raw, file, compressed)
    raw.unlink()


def _copy_canonical(raw: Path, file: Path, compressed: bool) -> None:
    """The same archive, smaller, and with the same bytes whenever the model is the same.

    Without debug tables and the writer's random id, under a fixed root folder, and with a class's constants sorted
    (their order follows Python's randomised string hashes).
    """
    with zipfile.ZipFile(raw) as source, zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as target:
        for entry in source.infolist():
            path = "model/" + entry.filename.split("/", 1)[1]
            if path.endswith((".debug_pkl", "/serialization_id")):
                continue
            content = source.read(entry)
            if path.endswith(".py"):
                content = _sort_constants(content)
            if compressed:
                target.writestr(zipfile.ZipInfo(path, EPOCH), content, zipfile.ZIP_DEFLATED, 9)
            else:
                _store_aligned(target, path, content)


def _sort_constants(code: bytes) -> bytes:
    constants = rb"(?:  \w+ : Final\[.*\n)+"
    return re.sub(constants, lambda match: b"".join(sorted(match[0].splitlines(keepends=True))), code)


def _store_aligned(target: zipfile.ZipFile, path: str, content: bytes) -> None:
    """Stores ``content`` so that it begins at a multiple of 64 bytes, as torch's own writer does."""
    entry = zipfile.ZipInfo(path, EPOCH)
    begins = target.fp.tell() + 30 + len(path.encode())
    padding = -(begins + 4) % 64
    entry.extra = b"FB" + padding.to_bytes(2, "little") + b"Z" * padding
    target.writestr(entry, content)


def manifest(model: MaditModel, info: BundleInfo) -> dict[str, object]:
    """Everything of ``manifest.json`` but the file hashes."""
    config = model.config
    text = None
    if config.text:
        text = {
            "max_tokens": config.text.max_tokens,
            "embed_dim": config.text.embed_dim,
            "vocabulary_size": config.text.vocabulary_size,
        }
    return {
        "schema_version": SCHEMA_VERSION,
        "name": config.name,
        "version": info.version,
        "family": "madit",
        "image": {"height": config.image_size, "width": config.image_size},
        "grid": {"rows": config.grid, "columns": config.grid},
        "patch_dim": config.tokenizer.patch_dim,
        "latent": {
            "channels": config.vae.latent_channels,
            "height": config.latent_side,
            "width": config.latent_side,
            "scale": config.vae.scale,
            "shift": config.vae.shift,
        },
        "codebook": {"size": config.tokenizer.codebook_size, "dim": config.tokenizer.code_dim},
        "tokens": {"count": config.patches},
        "text": text,
        "hidden_dim": config.width,
        "guidance_placement": config.guidance_placement,
        "sampling": sampling_to_dict(config.sampling),
        "bounds": {
            "max_rounds": max(128, 2 * config.patches),
            "max_flow_steps": 100,
            "max_boosted_flow_steps": 100,
            "max_guidance_scale": 20.0,
        },
        "presets": usual_presets(config.sampling.rounds, config.sampling.flow_steps),
        "parameter_count": sum(p.numel() for p in model.parameters()),
        "licence": info.licence,
        "provenance": info.provenance,
        "metrics": info.metrics,
    }


def usual_presets(rounds: int, flow_steps: int) -> dict[str, dict[str, int]]:
    """Presets of a model of which nothing has been measured: ``exact`` saves nothing, the others ever more."""
    half = max(1, flow_steps // 2)
    return {
        "exact": {"rounds": rounds, "flow_steps": flow_steps},
        "balanced": {"rounds": max(1, rounds // 4), "flow_steps": flow_steps},
        "fast": {"rounds": max(1, rounds // 4), "flow_steps": half},
        "draft": {"rounds": max(1, rounds // 16), "flow_steps": half},
    }


def check_hashes(folder: Path) -> None:
    """Raises ``ValueError`` naming the file when a file is missing or differs from the manifest."""
    for name, expected in json.loads((folder / MANIFEST).read_text())["files"].items():
        file = folder / name
        if not file.is_file():
            raise ValueError(f"{name} is missing")
        if _sha256(file) != expected:
            raise ValueError(f"{name} does not have the hash in the manifest")


def read_model(folder: Path) -> MaditModel:
    """The eager model inside a bundle, bit for bit: what ``eval`` and ``golden`` run."""
    check_hashes(folder)
    extra = {"config.json": ""}
    scripted = torch.jit.load(str(folder / MODEL), map_location="cpu", _extra_files=extra)
    model = MaditModel(config_from_dict(json.loads(extra["config.json"])))
    target = model.state_dict()
    state = {}
    for name, value in scripted.state_dict().items():
        for key, part in _eager_entries(name, value, model.config):
            if key in target:
                state[key] = part.to(target[key].dtype)
    model.load_state_dict(state)
    return model.eval().requires_grad_(False)


def _eager_entries(name: str, value: Tensor, config: MaditConfig) -> list[tuple[str, Tensor]]:
    """Names of one scripted tensor in :class:`MaditModel`; the fused modulation becomes one per block again."""
    if name.split(".")[0] in ("vae", "tokenizer", "words"):
        return [(name, value)]
    if name.startswith("last."):
        return [(f"madit.decoder.{config.decoder_layers - 1}.{name[5:]}", value)]
    if name.startswith("flow.modulation."):
        kind, width, blocks = name.rsplit(".", 1)[1], config.flow_width, config.flow_blocks
        parts = value.split([3 * width] * blocks + [2 * width])
        owners = [f"blocks.{i}.modulation" for i in range(blocks)] + ["final_modulation"]
        return [(f"madit.flow.{owner}.{kind}", part) for owner, part in zip(owners, parts)]
    return [("madit." + name, value)]
