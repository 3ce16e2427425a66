"""A recorded run through the served module: one request per sample, recorded draws, the plan a server would make."""

import torch
from torch import Tensor

from ..case import Case
from .model import convert
from .recorded_noise import recorded_noise
from .sampler import maskgil_sampling, reveal_counts
from .scripted import ScriptedMaskGil


@torch.no_grad()
def run_script(case: Case) -> dict[str, Tensor]:
    """The ids of the case as a server draws them."""
    settings = maskgil_sampling(case.config.get("sample", {}))
    model = convert(case.weights, case.config)
    config, labels = model.config, case.input("labels")
    script = torch.jit.script(ScriptedMaskGil(model, random_rounds=settings.random_rounds).eval())
    planned = settings.planned(config.tokens)
    counts, order, grid = reveal_counts(planned, config.tokens), torch.empty(0, dtype=torch.int64), [config.grid] * 2
    choices, certainties = recorded_noise(case, settings, len(labels), config.tokens, len(counts))
    temperature = settings.choice_temperature if settings.noisy else 0.0
    scales = torch.tensor([[settings.guidance, temperature, settings.temperature, 1.0]], dtype=torch.float64)
    histories, finals = [], []
    for sample, label in enumerate(labels):
        condition = script.condition(label.view(1), torch.empty(0, 0))
        ids = script.canvas(torch.full([config.tokens], -1), order)
        history, begin = [ids.clone()], 0
        for index, count in enumerate(counts):
            masked = ids < 0
            choice, certainty = choices[sample, index][masked], certainties[sample, index][masked]
            budget = torch.tensor([[begin, begin + count, index + 1, len(planned), 0, 0]])
            script.round_with_noise([condition], [ids], [order], budget, scales, choice, certainty)
            history.append(ids.clone())
            begin += count
        histories.append(torch.stack(history))
        finals.append(script.picture_tokens(ids, order).view(grid))
    steps = torch.stack(histories, 1)
    known = steps.view(len(steps), len(labels), *grid)
    return {
        "code_in": torch.where(known < 0, config.codes, known)[:-1],
        "mask_after": (known[1:] < 0).to(torch.uint8),
        "final": torch.stack(finals),
    }
