"""A recorded run as calls of a server."""

from dataclasses import replace

import torch
from torch import Tensor

from ..case import Case
from ..draws import RecordedDraws
from ..export import Names
from ..masked_sampler import masked_sampling
from ..recorded import by_place, with_flow_draws
from ..remote_case import Answer, RemoteCall, RemoteCase, plan_of, planned_tensors, tensor_message
from ..replay import replay_plan, sample_noise
from .bundle import export
from .dpm_solver import GUIDANCE
from .model import LINEAR, convert


def remote_case(case: Case, names: Names) -> RemoteCase:
    """``Tokenize`` of each sample's latents, where no noise is in it, and ``Detokenize`` of the recorded ids; latents."""
    model = convert(case.weights, case.config)
    bundle = export(model, case.config, names)
    sampling, latents = masked_sampling(case.config.get("sample", {})), case.input("latents")
    linear, mixes = model.config.flow_method == LINEAR, model.config.vocabulary
    if linear:
        sampling = replace(sampling, guidance=GUIDANCE, schedule="constant")
    samples, draws = len(latents), RecordedDraws(case)
    if mixes:
        draws.gumbel(samples, model.masked.slots, mixes)
    orders = draws.orders(samples, model.masked.patches)
    plans = [replay_plan(order, sampling) for order in orders]
    noise = [sample_noise(draws.rest, plan, index, 1) for index, plan in enumerate(plans)]
    with_flow_draws(bundle.module, by_place(plans, noise))
    calls = [] if mixes else [RemoteCall("Tokenize", {"image": {"latents": tensor_message(one)}}) for one in latents]
    for index, (ids, plan) in enumerate(zip(case.expected["tok.indices"], plans)):
        request = plan_of(index, plan.order) | {"output": {"format": "OUTPUT_FORMAT_LATENTS", "include_plan": True}}
        request["visual"] = {"token_ids": {"ids": ids.tolist()}}
        calls.append(RemoteCall("Detokenize", request))

    def read(answers: list[Answer]) -> dict[str, Tensor]:
        found = planned_tensors(case, answers[-samples:])
        if linear:
            del found["cfg_iters"]  # the authors' code computes them and does not use them
        if not mixes:
            found["tok.indices"] = torch.tensor([one["visual"]["token_ids"]["ids"] for one in answers[:samples]])
        return found

    return RemoteCase(bundle, tuple(calls), read)
