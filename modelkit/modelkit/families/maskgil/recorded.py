"""A recorded run as calls of a server: ``CompleteTokens`` of nothing per sample."""

import torch
from torch import Tensor

from ..case import Case
from ..export import Names
from ..recorded import with_choice_draws
from ..remote_case import Answer, RemoteCall, RemoteCase
from .bundle import export
from .model import convert
from .sampler import maskgil_sampling, reveal_counts


def remote_case(case: Case, names: Names) -> RemoteCase | None:
    """None for the two kinds of certainty that are not served."""
    sample = case.config.get("sample", {})
    settings = maskgil_sampling(sample)
    if settings.randomize not in ("linear", "no"):
        return None
    noisy = settings.randomize == "linear"
    model = convert(case.weights, case.config)
    config, labels = model.config, case.input("labels")
    # What cannot be a bundle's default is asked for by each request.
    named = {**sample, "randomize": "linear", "sched_mode": settings.schedule}
    bundle = export(model, {**case.config, "sample": named}, names)
    counts, samples = reveal_counts(settings.planned(config.tokens), config.tokens), len(labels)
    step = 2 if noisy else 1
    choices = torch.stack([-case.draws[k * step].view(samples, config.tokens, -1).log() for k in range(len(counts))], 1)
    quiet = torch.zeros(choices.shape[:3], dtype=torch.float64)
    if noisy:
        quiet = torch.stack([case.draws[k * step + 1].view(samples, -1) for k in range(len(counts))], 1)
    with_choice_draws(bundle.module, choices, quiet)
    sampling: dict[str, object] = {} if noisy else {"choice_temperature": 0.0}
    if settings.counts:
        sampling["user_plan"] = {"counts": counts}
    calls = []
    for index, label in enumerate(labels.tolist()):
        request = {"sampling": {"seed": index, **sampling}, "include_plan": True}
        if label >= 0:
            request["conditioning"] = {"class_label": label}
        calls.append(RemoteCall("CompleteTokens", request))

    def read(answers: list[Answer]) -> dict[str, Tensor]:
        ids = torch.tensor([answer["tokens"]["ids"] for answer in answers])
        revealed = torch.tensor([answer["report"]["plan"]["counts"] for answer in answers]).t()
        return {"final": ids.view(samples, config.grid, config.grid), "reveal_counts": revealed}

    return RemoteCase(bundle, tuple(calls), read)
