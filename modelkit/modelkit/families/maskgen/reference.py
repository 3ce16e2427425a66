"""MaskGen's samplers, plainly: all samples together, guidance as a second half batch."""

import torch
from torch import Tensor

from ..case import Case
from ..ddpm import ddpm_step, ddpm_table
from ..draws import RecordedDraws
from ..masked_sampler import Trace, masked_counts, masked_sampling
from . import vq_sampler
from .model import MaskGenKl, MaskGenVq, convert
from .vq_sampler import guidance_weight, gumbel_of, softmax_temperature, vq_sampling

# The unconditional half of the samples is never used.
LEADING = ("*.sampled",)


def run_case(case: Case) -> dict[str, Tensor]:
    """Everything that the authors' run recorded."""
    model = convert(case.weights, case.config)
    return run_vq(model, case) if isinstance(model, MaskGenVq) else run_kl(model, case)


@torch.no_grad()
def run_vq(model: MaskGenVq, case: Case) -> dict[str, Tensor]:
    """Ids [B, N] from text: every round fills in all masked ids and masks the least certain again."""
    config, arguments = model.config, case.config.get("sample", {})
    settings, draws, trace = vq_sampling(arguments), iter(case.draws), Trace(case.captured_rounds)
    text, pooled, samples = _text(case)
    # The authors' code samples with the score of the configuration, whatever is passed.
    pooled_in = model.pool(pooled, torch.full([len(pooled)], config.aesthetic_score))
    text, condition = model.text_embed_proj(text), model.cond_pooled_proj(pooled_in)
    mask_id = config.codebook_size
    ids = torch.full([samples, config.tokens], mask_id)
    history, sums, id_margins, order_margins = [ids], [], [], []
    for k in range(settings.rounds):
        ratio = (k + 1) / settings.rounds
        weight = guidance_weight(settings.guidance, settings.decay, settings.decay_power, ratio)
        halves = 1 if weight == 0 else 2
        rows = halves * samples
        hidden = model.hidden(ids.repeat(halves, 1), text[:rows], condition[:rows])
        raw = model.head(hidden)
        trace.round(k, ids_in=ids, logits=raw)
        sums.append(raw.double().abs().sum())
        logits = raw[:samples] + (raw[:samples] - raw[samples:]) * weight if halves == 2 else raw
        logits = logits / softmax_temperature(settings.anneal_softmax, settings.temperature, ratio)
        noise = settings.temperature * (1 - ratio)
        masked = ids == mask_id
        noisy = logits + noise * gumbel_of(next(draws))
        best = noisy.topk(2, -1).values[masked]
        id_margins.append((best[:, 0] - best[:, 1]).min())
        chosen = noisy.argmax(-1)
        certainty = logits.gather(2, chosen.unsqueeze(2)).squeeze(2)
        ids = torch.where(masked, chosen, ids)
        certainty = torch.where(masked, certainty, torch.inf)
        if settings.noisy_order:
            certainty = certainty + noise * gumbel_of(next(draws))
        if k < settings.rounds - 1:
            left = vq_sampler.masked_after(config.schedule, config.tokens, ratio, int(masked[0].sum()))
            ascending = certainty.sort(1).values
            order_margins.append((ascending[:, left] - ascending[:, left - 1]).min())
            ids = torch.where(certainty <= ascending[:, left - 1 : left], mask_id, ids)
        history.append(ids)
    steps = torch.stack(history)
    trace.tensors |= {
        "ids_per_step": steps,
        "masked_counts": (steps == mask_id).sum(2),
        "logits_sum_per_step": torch.stack(sums),
        "last.norm_out": hidden,
        "last.pooled_in": pooled_in.unsqueeze(1),
        "margin.ids": torch.stack(id_margins),
        "margin.conf": torch.stack(order_margins) if order_margins else torch.zeros(0),
        "final": ids,
    }
    return trace.tensors


@torch.no_grad()
def run_kl(model: MaskGenKl, case: Case) -> dict[str, Tensor]:
    """Tokens [B, C, 1, N], divided by the scale, from text: masked autoregression with a diffusion head."""
    config, settings = model.config, masked_sampling({"num_iter": 32, "cfg": 3.0, **case.config.get("sample", {})})
    draws, trace = RecordedDraws(case), Trace(case.captured_rounds)
    text, pooled, samples = _text(case)
    guided = settings.guidance != 1
    halves = 2 if guided else 1
    score = float(case.config.get("sample", {}).get("aes_scores", 6.0))
    scores = case.tensors.get("in.aes_scores", torch.full([samples], score)).repeat(2)
    text, condition = model.text_emb(text), model.text_pooled_emb(model.pool(pooled, scores))
    text, condition = text[: halves * samples], condition[: halves * samples]
    orders = draws.orders(samples, config.tokens)
    counts = masked_counts(config.tokens, settings.rounds)
    table = ddpm_table(model.diffloss.alphas, list(config.diffusion_steps)).tolist()
    tokens = torch.zeros(samples, config.tokens, config.token_size)
    masked = torch.ones(samples, config.tokens, dtype=torch.bool)
    scales = []
    for k in range(settings.rounds):
        following = torch.zeros_like(masked).scatter(1, orders[:, : counts[k + 1]], True)
        revealed = masked ^ following
        left = max(1, counts[k + 1])
        share = (config.tokens - left) / config.tokens if settings.schedule == "linear" else 1.0
        scales.append(1 + (settings.guidance - 1) * share)
        tokens_in = tokens.repeat(halves, 1, 1)
        contexts = model.contexts(tokens_in, masked.repeat(halves, 1), text, condition)
        chosen = contexts[revealed.repeat(halves, 1)]
        sampled, first = _diffuse(model, chosen, revealed.nonzero(), scales[-1], settings.temperature, table, draws)
        trace.round(
            k,
            mask_in=masked.to(torch.uint8),
            to_pred=revealed.to(torch.uint8),
            tokens_in=tokens_in,
            cond=text,
            cond_pooled=condition.unsqueeze(1),
            z_all=contexts,
            z_pred=chosen,
            sampled=sampled,
            cfg_iter=torch.tensor(scales[-1]),
            ode_t=torch.tensor([row[0] for row in table]),
            ode_v0=first,
        )
        tokens[revealed] = sampled
        masked = following
    trace.tensors |= {
        "orders": orders,
        "reveal_counts": -torch.tensor(counts).diff(),
        "cfg_iters": torch.tensor(scales),
        "final": (tokens / config.scale).transpose(1, 2).unsqueeze(2),
    }
    return trace.tensors


def _diffuse(
    model: MaskGenKl, contexts: Tensor, rows: Tensor, guidance: float, temperature: float, table: list, draws
) -> tuple[Tensor, Tensor]:
    """Denoises the tokens of ``rows`` int64 [n, 2] -> tokens [n, C] and the network's first output."""
    x = draws.flow_noise(rows, model.config.token_size)
    scale = torch.full([len(x), 1], guidance)
    first = x
    for step, row in enumerate(table):
        output = model.diffloss.output(x, contexts, row[0])
        first = output if step == 0 else first
        noise = temperature * draws.solver_noise(rows, x.shape[1], step)
        x = ddpm_step(x, output, row, scale, noise)
    return x, first


def _text(case: Case) -> tuple[Tensor, Tensor, int]:
    """Text [2 B, S, E] and pooled [2 B, E], the conditional half first, and B."""
    text, pooled = case.tensors["in.text"], case.tensors["in.text_pooled"]
    nothing, pooled_nothing = case.tensors["in.null_text"], case.tensors["in.null_text_pooled"]
    samples = len(text)
    text = torch.cat([text, nothing.expand(samples, -1, -1)])
    return text, torch.cat([pooled, pooled_nothing.expand(samples, -1, -1)]).flatten(1), samples
