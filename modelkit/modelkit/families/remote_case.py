"""A recorded case as calls of a server, one request per sample, and what its answers say under the names of the case.

Requests and answers are protobuf messages of ``madit.v1`` in their JSON form with the proto's field names.
"""

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from .case import Case
from .export import Export

Answer = dict[str, Any]


@dataclass(frozen=True)
class RemoteCall:
    """One request of an RPC of ``VisualTokenService``, without the model."""

    method: str
    request: dict[str, Any]


@dataclass(frozen=True)
class RemoteCase:
    """``bundle``: what the server must serve; ``read``: the answers of all ``calls``, in their order -> tensors."""

    bundle: Export
    calls: tuple[RemoteCall, ...]
    read: Callable[[list[Answer]], dict[str, Tensor]]


def plan_of(sample: int, order: Tensor) -> dict[str, Any]:
    """Sampling of one sample: its recorded draws, which its seed names, in ``order`` int64 [N]."""
    plan = {"order": order.tolist()}
    return {"sampling": {"seed": sample, "reveal_order": "REVEAL_ORDER_USER", "user_plan": plan}}


def planned_tensors(case: Case, answers: Sequence[Answer]) -> dict[str, Tensor]:
    """``final``, and counts and guidance of the plans that the server made."""
    plan = answers[0]["report"]["plan"]
    scales = [1.0 if value is None else value for value in plan["guidance_scales"]]
    return {
        "final": torch.stack([tensor_of(answer["output"]["tensor"]) for answer in answers]),
        "reveal_counts": _over_empty_rounds(case, torch.tensor(plan["counts"])),
        "cfg_iters": _over_empty_rounds(case, torch.tensor(scales)),
    }


def _over_empty_rounds(case: Case, values: Tensor) -> Tensor:
    """``values`` per round, at the rounds of the authors that reveal something; elsewhere what they had."""
    counts, name = case.expected.get("reveal_counts"), "cfg_iters" if values.is_floating_point() else "reveal_counts"
    if counts is None or name not in case.expected or int((counts > 0).sum()) != len(values):
        return values
    spread = case.expected[name].clone()
    spread[counts > 0] = values.to(spread.dtype)
    return spread


def tensor_message(tensor: Tensor) -> dict[str, Any]:
    """``madit.v1.Tensor`` of float32."""
    data = tensor.detach().to(torch.float32).contiguous().numpy().astype("<f4").tobytes()
    return {"dtype": "DATA_TYPE_FLOAT32", "shape": list(tensor.shape), "data": base64.b64encode(data).decode()}


def tensor_of(message: dict[str, Any]) -> Tensor:
    """The float32 tensor of a ``madit.v1.Tensor``."""
    data = bytearray(base64.b64decode(message["data"]))
    return torch.frombuffer(data, dtype=torch.float32).reshape([int(size) for size in message["shape"]]).clone()
