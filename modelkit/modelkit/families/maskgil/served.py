"""A recorded run through the served module: one request per sample, recorded draws, the plan a server would make."""

import torch
from torch import Tensor

from ..case import Case
from .model import convert
from .sampler import maskgil_sampling, reveal_counts
from .scripted import ScriptedMaskGil


@torch.no_grad()
def run_script(case: Case) -> dict[str, Tensor]:
    """The ids of the case as a server draws them; nothing for the two kinds of certainty that are not served."""
    settings = maskgil_sampling(case.config.get("sample", {}))
    if settings.randomize not in ("linear", "no"):
        return {}
    noisy = settings.randomize == "linear"
    model = convert(case.weights, case.config)
    config, labels = model.config, case.input("labels")
    script = torch.jit.script(ScriptedMaskGil(model).eval())
    planned = settings.planned(config.tokens)
    counts, order, grid = reveal_counts(planned, config.tokens), torch.empty(0, dtype=torch.int64), [config.grid] * 2
    temperature = settings.choice_temperature if noisy else 0.0
    scales = torch.tensor([[settings.guidance, temperature, settings.temperature, 1.0]], dtype=torch.float64)
    histories, finals = [], []
    for sample, label in enumerate(labels):
        condition = script.condition(label.view(1), torch.empty(0, 0))
        ids = script.canvas(torch.full([config.tokens], -1), order)
        history, begin = [ids.clone()], 0
        for index, count in enumerate(counts):
            masked, draw = ids < 0, index * (2 if noisy else 1)
            choice = -case.draws[draw].view(len(labels), config.tokens, -1)[sample][masked].log()
            certainty = (
                case.draws[draw + 1].view(len(labels), -1)[sample][masked] if noisy else torch.zeros(len(choice))
            )
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
