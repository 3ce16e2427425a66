"""A recorded run as calls of a server."""

import torch
from torch import Tensor

from ..case import Case
from ..export import Names
from ..remote_case import Answer, RemoteCall, RemoteCase, tensor_message, tensor_of
from .bundle import export
from .model import TaTitok
from .reference import columns, rows


def remote_case(model: TaTitok, case: Case, names: Names) -> RemoteCase:
    """``Tokenize`` of each picture (of the KL variant its means), ``Detokenize`` of the recorded tokens; pixels."""
    given, discrete = case.tensors, model.config.discrete
    tokens = given["in.tokens"].flatten(1) if discrete else rows(given["in.latents"])
    samples = len(tokens)
    calls = [
        RemoteCall(
            "Tokenize",
            {"image": {"pixels": tensor_message(picture)}} | ({} if discrete else {"sample_posterior": False}),
        )
        for picture in given["in.image"]
    ]
    for own, text in zip(tokens, given["in.text_guidance"]):
        visual = {"token_ids": {"ids": own.tolist()}} if discrete else {"continuous_tokens": tensor_message(own)}
        conditioning = {"text_embeddings": {"embeddings": tensor_message(text)}}
        output = {"format": "OUTPUT_FORMAT_PIXELS"}
        calls.append(RemoteCall("Detokenize", {"visual": visual, "conditioning": conditioning, "output": output}))

    def read(answers: list[Answer]) -> dict[str, Tensor]:
        made, drawn = answers[:samples], answers[samples:]
        if discrete:
            found = {"enc.ids": torch.tensor([one["visual"]["token_ids"]["ids"] for one in made]).unsqueeze(1)}
        else:
            means = torch.stack([tensor_of(one["visual"]["continuous_tokens"]) for one in made])
            found = {"enc.mode": columns(means)}
        return found | {"final": torch.stack([tensor_of(one["output"]["tensor"]) for one in drawn])}

    return RemoteCase(export(model, case.config, names), tuple(calls), read)
