"""A recorded run as calls of a server: ``CompleteTokens`` of nothing per sample."""

import torch
from torch import Tensor

from ..case import Case
from ..export import Names
from ..recorded import with_choice_draws
from ..remote_case import Answer, RemoteCall, RemoteCase
from .bundle import export
from .model import convert
from .recorded_noise import recorded_noise
from .sampler import maskgil_sampling, reveal_counts


def remote_case(case: Case, names: Names) -> RemoteCase:
    """The bundle with the recorded draws, its calls, and how their answers are read."""
    sample = case.config.get("sample", {})
    settings = maskgil_sampling(sample)
    model = convert(case.weights, case.config)
    config, labels = model.config, case.input("labels")
    # Counts cannot be a bundle's default: each request asks for them.
    bundle = export(model, {**case.config, "sample": {**sample, "sched_mode": settings.schedule}}, names)
    counts, samples = reveal_counts(settings.planned(config.tokens), config.tokens), len(labels)
    with_choice_draws(bundle.module, *recorded_noise(case, settings, samples, config.tokens, len(counts)))
    sampling = {"user_plan": {"counts": counts}} if settings.counts else {}
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
