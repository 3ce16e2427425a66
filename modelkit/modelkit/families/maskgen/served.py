"""A recorded run through the served modules: one request per sample, recorded draws, the plan a server would make."""

from itertools import pairwise

import torch
from torch import Tensor

from ..case import Case
from ..ddpm import ddpm_table
from ..masked_sampler import masked_sampling
from ..replay import replay_plan, sample_noise
from .model import MaskGenKl, MaskGenVq, convert
from .scripted_kl import ScriptedMaskGenKl
from .scripted_vq import ScriptedMaskGenVq
from .vq_sampler import gumbel_of, masked_counts, vq_sampling


@torch.no_grad()
def run_script(case: Case) -> dict[str, Tensor]:
    """The tokens of the case as a server draws them."""
    model = convert(case.weights, case.config)
    return _vq(model, case) if isinstance(model, MaskGenVq) else _kl(model, case)


def _vq(model: MaskGenVq, case: Case) -> dict[str, Tensor]:
    config, chosen = model.config, vq_sampling(case.config.get("sample", {}))
    script = torch.jit.script(ScriptedMaskGenVq(model, case.tensors["in.text"].shape[1], chosen).eval())
    order, per_round = torch.empty(0, dtype=torch.int64), 2 if chosen.noisy_order else 1
    edges = list(
        pairwise(config.tokens - left for left in masked_counts(config.schedule, config.tokens, chosen.rounds))
    )
    scales = torch.tensor([[chosen.guidance, chosen.temperature, 1.0, 1.0]], dtype=torch.float64)
    samples = len(case.tensors["in.text"])
    histories = []
    for sample, condition in enumerate(_conditions(script, case, torch.full([samples], config.aesthetic_score))):
        ids = script.canvas(torch.full([config.tokens], -1), order)
        history = [ids.clone()]
        for k, (begin, end) in enumerate(edges):
            masked = ids < 0
            draws = [gumbel_of(draw[sample][masked]) for draw in case.draws[k * per_round : (k + 1) * per_round]]
            certainty = draws[1] if chosen.noisy_order else torch.zeros(int(masked.sum()))
            budget = torch.tensor([[begin, end, k + 1, chosen.rounds, 0, 0]])
            script.round_with_noise([condition], [ids], [order], budget, scales, draws[0], certainty)
            history.append(ids.clone())
        histories.append(torch.stack(history))
    steps = torch.stack(histories, 1)
    return {"ids_per_step": torch.where(steps < 0, config.codebook_size, steps), "final": steps[-1]}


def _kl(model: MaskGenKl, case: Case) -> dict[str, Tensor]:
    arguments = {"num_iter": 32, "cfg": 3.0, **case.config.get("sample", {})}
    sampling = masked_sampling(arguments)
    script = torch.jit.script(ScriptedMaskGenKl(model, case.tensors["in.text"].shape[1]).eval())
    samples = len(case.tensors["in.text"])
    scores = case.tensors.get("in.aes_scores", torch.full([samples], float(arguments.get("aes_scores", 6.0))))
    steps = len(ddpm_table(model.diffloss.alphas, list(model.config.diffusion_steps)))
    drawn = []
    for sample, condition in enumerate(_conditions(script, case, scores)):
        plan = replay_plan(case.draws[sample], sampling)
        noise = sample_noise(case.draws[samples:], plan, sample, 1 + steps)
        canvas = script.canvas(torch.empty(0, dtype=torch.int64), plan.order)
        for k in range(plan.rounds):
            budget = torch.tensor([[plan.edges[k], plan.edges[k + 1], steps, steps, 0, 0]])
            scales = torch.tensor([[plan.guidance[k], 0.0, sampling.temperature, 1.0]], dtype=torch.float64)
            script.round_with_noise([condition], [canvas], [plan.order], budget, scales, noise[k])
        drawn.append(script.picture_tokens(canvas, plan.order))
    return {"final": torch.stack(drawn).transpose(1, 2).unsqueeze(2)}


def _conditions(script: torch.nn.Module, case: Case, scores: Tensor) -> list[Tensor]:
    given = case.tensors
    null = given["in.null_text"][0], given["in.null_text_pooled"].flatten()
    return [
        script.condition(text, pooled.flatten(), *null, score.view(1))
        for text, pooled, score in zip(given["in.text"], given["in.text_pooled"], scores)
    ]
