"""MaskGIL's sampler, plainly: all samples together, guidance as a second half batch."""

import copy
import math

import torch
import torch.nn.functional as F
from torch import Tensor

from ..case import ALLOWANCE, SMALLEST_LIMIT, Case
from ..masked_sampler import Trace
from ..weights import ConversionError
from .mha import Mha
from .model import MaskGil, convert
from .sampler import MaskGilSampling, maskgil_sampling, progress

LEADING = ()
HISTORY = (
    "code_in",
    "pred_codes",
    "mask_after",
    "reveal_counts",
    "logits_sum_per_step",
    "margin.ids",
    "margin.conf",
)


def class_slots(model: MaskGil, labels: Tensor) -> Tensor:
    """Condition slots [B, 1, D] of class labels int64 [B], -1 for none."""
    return model.slots(labels, torch.empty(0, 0, 0), torch.empty(0, 0))


def exceptions(case: Case) -> dict[str, float]:
    """Limits of a case that does not record how float32 and float64 differ: that is measured with our model.

    Guided logits differ by 1 + 2 w times what one logit does, logarithms of probabilities by twice that, and a sum of n
    logits by n times.
    """
    if "fp32_vs_fp64_max_abs" in case.config:
        return {}
    settings = maskgil_sampling(case.config.get("sample", {}))
    logit = max(SMALLEST_LIMIT, ALLOWANCE * _rounding(convert(case.weights, case.config), case))
    certainty = 2 * (1 + 2 * abs(settings.guidance)) * max(1.0, settings.temperature) * logit
    most = max((value.numel() for name, value in case.expected.items() if name.endswith(".logits")), default=1)
    return {
        "*.logits": logit,
        "confround*": certainty,
        "margin.*": 2 * certainty,
        "logits_sum_per_step": most * logit,
    }


@torch.no_grad()
def _rounding(model: MaskGil, case: Case) -> float:
    """Largest difference of a logit between float32 and float64, everything masked."""
    labels = case.input("labels")
    ids = torch.full([len(labels), model.config.tokens], model.config.codes)
    exact = copy.deepcopy(model).double()
    return float((model(ids, class_slots(model, labels)) - exact(ids, class_slots(exact, labels))).abs().max())


class CaseDraws:
    """Recorded draws, one after another, of B samples of N tokens with V + 1 choices."""

    def __init__(self, case: Case) -> None:
        self._draws = iter(case.draws)

    def take(self, *shape: int) -> Tensor:
        """The next draw; raises :class:`ConversionError` when there is none of that shape."""
        draw = next(self._draws, None)
        if draw is None or draw.numel() != math.prod(shape):
            raise ConversionError(f"case.safetensors: a draw of shape {list(shape)} is missing")
        return draw.view(shape)


def certainty_of(chosen: Tensor, settings: MaskGilSampling, index: int, rounds: int, draws: CaseDraws) -> Tensor:
    """Certainty [B, N] of ids with probabilities ``chosen`` [B, N]."""
    if settings.noisy:
        noise = settings.choice_temperature * draws.take(*chosen.shape) * (1 - progress(index, rounds))
        return chosen.log() + noise
    if index < settings.random_rounds:
        return draws.take(*chosen.shape)
    return chosen


@torch.no_grad()
def sample(
    model: MaskGil, labels: Tensor, settings: MaskGilSampling, draws: CaseDraws, captured: set[int]
) -> dict[str, Tensor]:
    """Ids [B, g, g] from class labels int64 [B], and what happened on the way, under the names of recorded cases."""
    config, samples = model.config, len(labels)
    grid, codes, tokens = [config.grid] * 2, config.codes, config.tokens
    guided = settings.guidance != 0
    slots = class_slots(model, torch.cat([labels, torch.full_like(labels, -1)]) if guided else labels)
    ids, masked = torch.full([samples, tokens], codes), torch.ones(samples, tokens, dtype=torch.bool)
    planned, trace = settings.planned(tokens), Trace(captured)
    history: dict[str, list[Tensor]] = {name: [] for name in HISTORY}
    for index, count in enumerate(planned):
        left = int(masked[0].sum())
        if left == 0:
            break
        raw = model(ids.repeat(2, 1) if guided else ids, slots)
        weight = settings.guidance * progress(index, len(planned))
        logits = (1 + weight) * raw[:samples] - weight * raw[samples:] if guided else raw
        probability = F.softmax(logits * settings.temperature, -1)
        scores = probability / probability.sum(-1, keepdim=True) / draws.take(samples, tokens, codes + 1)
        chosen = scores.argmax(-1)
        probable = probability.gather(2, chosen.unsqueeze(2))[..., 0]
        certainty = certainty_of(probable, settings, index, len(planned), draws)
        certainty = certainty.masked_fill(~masked, -torch.inf)
        # The authors' comparison reveals every tie; the mask is taken from the first ``count`` only.
        best = certainty.topk(min(count, left), -1)
        kept = masked & (certainty >= best.values[:, -1:])
        grid_ids = ids.view(samples, *grid)
        trace.round(index, code_in=grid_ids, logits=raw)
        if index in captured:
            trace.tensors[f"confround{index:03d}"] = certainty
        after = masked.scatter(1, best.indices, False)
        history["code_in"].append(grid_ids)
        history["pred_codes"].append(chosen.view(samples, *grid))
        history["mask_after"].append(after.view(samples, *grid).to(torch.uint8))
        history["reveal_counts"].append((masked ^ after).sum(1))
        history["logits_sum_per_step"].append(raw.double().abs().sum())
        history["margin.ids"].append(_id_margin(scores))
        history["margin.conf"].append(_cutoff_margin(certainty, min(count, left)))
        ids, masked = torch.where(kept, chosen, ids), after
    trace.tensors |= {name: torch.stack(values) for name, values in history.items()}
    trace.tensors["final"] = ids.clamp(0, codes - 1).view(samples, *grid)
    return trace.tensors


def _id_margin(scores: Tensor) -> Tensor:
    """Smallest gap between the logarithms of the best and the second best score."""
    best = scores.log().topk(2, -1).values
    return (best[..., 0] - best[..., 1]).min()


def _cutoff_margin(certainty: Tensor, count: int) -> Tensor:
    """Smallest gap between the last certainty that counts and the first that does not."""
    ordered = certainty.sort(1, descending=True).values
    following = ordered[:, count] if count < ordered.shape[1] else torch.full_like(ordered[:, 0], -torch.inf)
    return (ordered[:, count - 1] - following).min().float()


def run_case(case: Case) -> dict[str, Tensor]:
    """Everything that the authors' run recorded."""
    model = convert(case.weights, case.config)
    settings = maskgil_sampling(case.config.get("sample", {}))
    tensors = sample(model, case.input("labels"), settings, CaseDraws(case), case.captured_rounds)
    recorded = case.tensors.get("margin.conf", torch.zeros(0))
    if recorded.shape == tensors["margin.conf"].shape:
        # The recorder wrote a large number where there is nothing below the cut.
        tensors["margin.conf"] = torch.where(tensors["margin.conf"].isinf(), recorded, tensors["margin.conf"])
    return tensors | _forward(model, case)


@torch.no_grad()
def _forward(model: MaskGil, case: Case) -> dict[str, Tensor]:
    """The one pass outside the sampler, with its own ids and dropped labels; they are recorded with its result."""
    given = {name: case.tensors.get(f"fwd.{name}") for name in ("img_token", "labels", "drop_label")}
    if any(value is None for value in given.values()):
        return {}
    ids = given["img_token"].flatten(1)
    slots = class_slots(model, torch.where(given["drop_label"].bool(), -1, given["labels"]))
    computed = {f"fwd.{name}": value for name, value in given.items()} | {"fwd.logits": model(ids, slots)}
    if isinstance(model, Mha):
        q, k, _ = model.layers[0].split(model.entry(ids[:1], slots[:1]))
        weights = (q @ k.transpose(2, 3) * q.shape[-1] ** -0.5).softmax(-1)
        computed["fwd.attn_first"] = weights.mean(1)
    return computed
