"""A recorded run as calls of a server: ``Generate`` per sample, with text features; tokens."""

import torch
from torch import Tensor

from ..case import Case
from ..ddpm import ddpm_table
from ..export import Names
from ..masked_sampler import masked_sampling
from ..recorded import by_place, with_choice_draws, with_flow_draws
from ..remote_case import Answer, RemoteCall, RemoteCase, plan_of, planned_tensors, tensor_message
from ..replay import replay_plan, sample_noise
from .bundle import export
from .model import MaskGenKl, MaskGenVq, convert
from .vq_sampler import gumbel_of, vq_sampling


def remote_case(case: Case, names: Names) -> RemoteCase:
    """Of either variant."""
    model = convert(case.weights, case.config)
    text_len = case.tensors["in.text"].shape[1]
    settings = {**case.config, "text_len": text_len}
    return (_vq if isinstance(model, MaskGenVq) else _kl)(model, case, settings, names)


def _vq(model: MaskGenVq, case: Case, settings: dict, names: Names) -> RemoteCase:
    bundle = export(model, settings, names)
    chosen, samples = vq_sampling(case.config.get("sample", {})), len(case.tensors["in.text"])
    per_round = 2 if chosen.noisy_order else 1
    rounds = [case.draws[k * per_round : (k + 1) * per_round] for k in range(chosen.rounds)]
    choices = gumbel_of(torch.stack([draws[0] for draws in rounds], 1)).float()
    quiet = torch.zeros(choices.shape[:3])
    with_choice_draws(
        bundle.module,
        choices,
        gumbel_of(torch.stack([draws[1].view(quiet.shape[0], -1) for draws in rounds], 1)).float()
        if chosen.noisy_order
        else quiet,
    )
    scores = torch.full([samples], float(model.config.aesthetic_score))
    calls = [
        RemoteCall("Generate", _request(case, index, float(scores[index])) | {"sampling": {"seed": index}})
        for index in range(samples)
    ]

    def read(answers: list[Answer]) -> dict[str, Tensor]:
        ids = torch.tensor([answer["output"]["token_ids"]["ids"] for answer in answers])
        counts = torch.tensor([answer["report"]["plan"]["counts"] for answer in answers]).t()
        left = torch.cat([torch.zeros_like(counts[:1]), counts]).cumsum(0)
        return {"final": ids, "masked_counts": model.config.tokens - left}

    return RemoteCase(bundle, tuple(calls), read)


def _kl(model: MaskGenKl, case: Case, settings: dict, names: Names) -> RemoteCase:
    bundle = export(model, settings, names)
    arguments = {"num_iter": 32, "cfg": 3.0, **case.config.get("sample", {})}
    sampling, samples = masked_sampling(arguments), len(case.tensors["in.text"])
    scores = case.tensors.get("in.aes_scores", torch.full([samples], float(arguments.get("aes_scores", 6.0))))
    draws = 1 + len(ddpm_table(model.diffloss.alphas, list(model.config.diffusion_steps)))
    plans = [replay_plan(case.draws[index], sampling) for index in range(samples)]
    noise = [sample_noise(case.draws[samples:], plan, index, draws) for index, plan in enumerate(plans)]
    with_flow_draws(bundle.module, by_place(plans, noise))
    calls = [
        RemoteCall("Generate", _request(case, index, float(scores[index])) | plan_of(index, plan.order))
        for index, plan in enumerate(plans)
    ]

    def read(answers: list[Answer]) -> dict[str, Tensor]:
        found = planned_tensors(case, answers)
        return found | {"final": found["final"].transpose(1, 2).unsqueeze(2)}

    return RemoteCase(bundle, tuple(calls), read)


def _request(case: Case, index: int, score: float) -> dict:
    given = case.tensors
    text = {
        "embeddings": tensor_message(given["in.text"][index]),
        "pooled": tensor_message(given["in.text_pooled"][index].flatten()),
        "null_embeddings": tensor_message(given["in.null_text"][0]),
        "null_pooled": tensor_message(given["in.null_text_pooled"].flatten()),
    }
    conditioning = {"text_embeddings": text, "aesthetic_score": score}
    return {"conditioning": conditioning, "output": {"format": "OUTPUT_FORMAT_TOKENS", "include_plan": True}}
