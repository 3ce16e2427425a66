"""A recorded run of the authors' code, computed again with every intermediate that it recorded."""

from collections.abc import Iterator

import torch
from torch import Tensor

from ..case import Case
from .model import TaTitok, moments


@torch.no_grad()
def run_model(model: TaTitok, case: Case) -> dict[str, Tensor]:
    """Encodes ``in.image``, decodes the result, and decodes the given tokens, all with ``in.text_guidance``."""
    found, text = {}, case.tensors["in.text_guidance"]
    codes = _codes(model, case.tensors["in.image"], iter(case.draws), found)
    found |= _decoded(model, codes, text, "rec", "rec.image")
    if model.config.discrete:
        codes = model.quantize.lookup(case.tensors["in.tokens"].flatten(1))
        found["dec.z_quantized"] = codes
    else:
        codes = _rows(case.tensors["in.latents"])
    return found | _decoded(model, codes, text, "dec", "final")


def _codes(model: TaTitok, pictures: Tensor, draws: Iterator[Tensor], found: dict[str, Tensor]) -> Tensor:
    """Codes [B, L, C] that the decoder gets; intermediates go to ``found``."""
    encoder = model.encoder
    x = encoder.embed(pictures, model.latent_tokens)
    z = encoder.read(encoder.run(x))
    found |= {"enc.ln_pre_out": x, "enc.z": z}
    if model.config.discrete:
        ids = model.quantize.nearest(_rows(z))
        codes = model.quantize.lookup(ids)
        found |= {"enc.ids": ids.unsqueeze(1), "enc.z_quantized": _columns(codes)}
        return codes
    mean, log_variance = (_columns(part) for part in moments(_rows(z)))
    sample = mean + torch.exp(0.5 * log_variance) * next(draws)
    found |= {"enc.mean": mean, "enc.mode": mean, "enc.logvar": log_variance, "enc.z_quantized": sample}
    return _rows(sample)


def _decoded(model: TaTitok, codes: Tensor, text: Tensor, prefix: str, name: str) -> dict[str, Tensor]:
    decoder = model.decoder
    x = decoder.embed(codes, text)
    rows = decoder.patches(decoder.run(x))
    pixels = decoder.pixels(rows)
    parts = {"ln_pre_out": x, "ln_post_out": rows, "ffn_out": pixels}
    return {f"{prefix}.{part}": value for part, value in parts.items()} | {name: decoder.conv_out(pixels)}


def _rows(latents: Tensor) -> Tensor:
    """The authors' [B, C, 1, L] -> [B, L, C]."""
    return latents.flatten(2).transpose(1, 2)


def _columns(rows: Tensor) -> Tensor:
    """[B, L, C] -> the authors' [B, C, 1, L]."""
    return rows.transpose(1, 2).unsqueeze(2)
