"""A recorded run of the authors' code, computed again with every intermediate that it recorded."""

from collections.abc import Iterator

import torch
from torch import Tensor

from ..case import Case
from .model import TaTitok, moments
from .scripted import ScriptedTaTitok


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
        codes = rows(case.tensors["in.latents"])
    return found | _decoded(model, codes, text, "dec", "final")


def _codes(model: TaTitok, pictures: Tensor, draws: Iterator[Tensor], found: dict[str, Tensor]) -> Tensor:
    """Codes [B, L, C] that the decoder gets; intermediates go to ``found``."""
    encoder = model.encoder
    x = encoder.embed(pictures, model.latent_tokens)
    z = encoder.read(encoder.run(x))
    found |= {"enc.ln_pre_out": x, "enc.z": z}
    if model.config.discrete:
        ids = model.quantize.nearest(rows(z))
        codes = model.quantize.lookup(ids)
        found |= {"enc.ids": ids.unsqueeze(1), "enc.z_quantized": columns(codes)}
        return codes
    mean, log_variance = (columns(part) for part in moments(rows(z)))
    sample = mean + torch.exp(0.5 * log_variance) * next(draws)
    found |= {"enc.mean": mean, "enc.mode": mean, "enc.logvar": log_variance, "enc.z_quantized": sample}
    return rows(sample)


def _decoded(model: TaTitok, codes: Tensor, text: Tensor, prefix: str, name: str) -> dict[str, Tensor]:
    decoder = model.decoder
    x = decoder.embed(codes, text)
    rows = decoder.patches(decoder.run(x))
    pixels = decoder.pixels(rows)
    parts = {"ln_pre_out": x, "ln_post_out": rows, "ffn_out": pixels}
    return {f"{prefix}.{part}": value for part, value in parts.items()} | {name: decoder.conv_out(pixels)}


@torch.no_grad()
def run_script(model: TaTitok, case: Case) -> dict[str, Tensor]:
    """The recorded run through the served module, one request per sample."""
    script = torch.jit.script(ScriptedTaTitok(model).eval())
    given, discrete = case.tensors, model.config.discrete
    latents = torch.stack([script.encode_pixels(picture) for picture in given["in.image"]])
    if discrete:
        codes = torch.stack([script.nearest(one) for one in latents])
        found, tokens = {"enc.ids": codes.unsqueeze(1)}, given["in.tokens"].flatten(1)
    else:
        mean, log_variance = moments(latents)
        codes = mean + torch.exp(0.5 * log_variance) * rows(case.draws[0])
        found, tokens = {"enc.mode": columns(mean)}, rows(given["in.latents"])
    found["rec.image"] = _served(script, codes, given["in.text_guidance"])
    return found | {"final": _served(script, tokens, given["in.text_guidance"])}


def _served(script: torch.nn.Module, tokens: Tensor, texts: Tensor) -> Tensor:
    """Pictures [B, 3, H, W] of ids [B, L] or codes [B, L, C]."""
    pictures = []
    condition = script.condition if tokens.dim() == 2 else script.condition_tokens
    for own, text in zip(tokens, texts):
        order = torch.arange(script.grid**2)
        canvas = script.canvas(torch.empty(0, dtype=torch.int64), order)
        budget, scales = torch.tensor([[0, len(order), 1, 0, 0, 0]]), torch.ones(1, 4, dtype=torch.float64)
        script.round([condition(own, text)], [canvas], [order], budget, scales)
        pictures.append(script.pixels(script.latents(canvas, order)))
    return torch.stack(pictures)


def rows(latents: Tensor) -> Tensor:
    """The authors' [B, C, 1, L] -> [B, L, C]."""
    return latents.flatten(2).transpose(1, 2)


def columns(rows: Tensor) -> Tensor:
    """[B, L, C] -> the authors' [B, C, 1, L]."""
    return rows.transpose(1, 2).unsqueeze(2)
