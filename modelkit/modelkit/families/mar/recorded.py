"""A recorded run as calls of a server."""

from ..case import Case
from ..ddpm import ddpm_table
from ..export import Names
from ..masked_sampler import masked_sampling
from ..recorded import by_place, with_flow_draws
from ..remote_case import RemoteCall, RemoteCase, plan_of, planned_tensors
from ..replay import replay_plan, sample_noise
from .bundle import export
from .model import convert
from .reference import labels_of


def remote_case(case: Case, names: Names) -> RemoteCase:
    """``Generate`` per sample, with its class and the recorded order; latents."""
    model = convert(case.weights, case.config)
    bundle = export(model, case.config, names)
    sampling, labels = masked_sampling(case.config.get("sample", {})), labels_of(case)
    samples, draws = len(labels), 1 + len(ddpm_table(model.diffloss.alphas, list(model.config.steps)))
    plans = [replay_plan(case.draws[index], sampling) for index in range(samples)]
    noise = [sample_noise(case.draws[samples:], plan, index, draws) for index, plan in enumerate(plans)]
    with_flow_draws(bundle.module, by_place(plans, noise))
    calls = []
    for index, (label, plan) in enumerate(zip(labels.tolist(), plans)):
        request = plan_of(index, plan.order) | {"output": {"format": "OUTPUT_FORMAT_LATENTS", "include_plan": True}}
        if label >= 0:
            request["conditioning"] = {"class_label": label}
        calls.append(RemoteCall("Generate", request))
    return RemoteCase(bundle, tuple(calls), lambda answers: planned_tensors(case, answers))
