"""MAR's sampler, plainly."""

import torch
from torch import Tensor

from ..case import Case
from ..ddpm import ddpm_step, ddpm_table
from ..draws import Draws, RecordedDraws
from ..masked_sampler import HeadResult, MaskedSampling, Trace, masked_sampling, sample
from ..replay import replay, replay_plan, sample_noise
from .model import Mar, convert
from .scripted import ScriptedMar

# The unconditional half of the samples is never used.
LEADING = ("*.sampled",)


def generate(model: Mar, labels: Tensor, settings: MaskedSampling, draws: Draws, trace: Trace) -> Tensor:
    """Draws one picture per label int64 [B] (-1: of no class): latents [B, C, h, w]."""
    table = ddpm_table(model.diffloss.alphas, list(model.config.steps)).tolist()

    def head(contexts: Tensor, rows: Tensor, guidance: float) -> HeadResult:
        x = draws.flow_noise(rows, model.masked.patch_dim)
        scale = torch.full([len(x), 1], guidance)
        outputs = []
        for step, row in enumerate(table):
            outputs.append(model.diffloss.output(x, contexts, row[0]))
            noise = draws.solver_noise(rows, x.shape[1], step) * settings.temperature
            x = ddpm_step(x, outputs[-1], row, scale, noise)
        return HeadResult(x, torch.tensor([row[0] for row in table]), outputs[0])

    classes = model.class_emb(labels.clamp_min(0))
    condition = torch.where(labels.unsqueeze(1) >= 0, classes, model.fake_latent)
    return sample(model, condition, settings, draws, head, trace)


def run_case(case: Case) -> dict[str, Tensor]:
    """What the recorded case should contain, computed by us."""
    model = convert(case.weights, case.config)
    trace = Trace(case.captured_rounds)
    generate(model, labels_of(case), masked_sampling(case.config.get("sample", {})), RecordedDraws(case), trace)
    return trace.tensors


def labels_of(case: Case) -> Tensor:
    """The class of each sample, int64 [B]; -1 where the case has none."""
    return case.tensors.get("in.labels", torch.full([case.config.get("sample", {}).get("bsz", 1)], -1))


def run_script(case: Case) -> dict[str, Tensor]:
    """The pictures of the case as a server draws them: scripted, one request per sample."""
    model = convert(case.weights, case.config)
    script = torch.jit.script(ScriptedMar(model).eval())
    sampling, labels = masked_sampling(case.config.get("sample", {})), labels_of(case)
    steps, samples = len(ddpm_table(model.diffloss.alphas, list(model.config.steps))), len(labels)
    pictures = []
    for index, label in enumerate(labels):
        plan = replay_plan(case.draws[index], sampling)
        noise = sample_noise(case.draws[samples:], plan, index, 1 + steps)
        condition = script.condition(label.unsqueeze(0), torch.empty(0, 0))
        pictures.append(replay(script, condition, plan, steps, sampling.temperature, noise))
    return {"final": torch.stack(pictures)}
