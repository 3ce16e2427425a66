"""Draws with tritonclient, unchanged, and compares its pixels with those of our own API.

    pip install 'tritonclient[grpc]' ./client-stubs/python
    python integration-tests/clients/tritonclient_infer.py --server localhost:8500

Prints a line per check; exits with 1 and the reason after the first that fails.
"""

import argparse
import io
import queue
import sys

import numpy as np
import tritonclient.grpc as triton
from madit_client import MaditClient
from PIL import Image

SEED = 7

# Pictures that share a round may differ by one level: sums run in another order.
BATCH_LEVELS = 1


class Difference(Exception):
    """The server did not do what it should."""


def check(condition, what):
    """Prints what holds, or ends the run."""
    if not condition:
        raise Difference(what)
    print("ok:", what)


def levels(picture, expected):
    """The largest difference of two uint8 pictures."""
    if picture.shape != expected.shape:
        raise Difference(f"shape {picture.shape} instead of {expected.shape}")
    return int(np.abs(picture.astype(np.int16) - expected.astype(np.int16)).max())


def inputs(ids, seeds, text=None):
    """Tensors of a batch; ids: int64 [batch, tokens], seeds: uint64 [batch, 1]."""
    tensors = [
        triton.InferInput("TOKEN_IDS", list(ids.shape), "INT64"),
        triton.InferInput("SEED", [len(ids), 1], "UINT64"),
    ]
    tensors[0].set_data_from_numpy(ids)
    tensors[1].set_data_from_numpy(seeds)
    if text is not None:
        tensors.append(triton.InferInput("TEXT", [len(ids), 1], "BYTES"))
        tensors[-1].set_data_from_numpy(np.array([[text.encode()]] * len(ids), dtype=np.object_))
    return tensors


def metadata(client, model):
    """Asks for all that is known of the model; gives the number of tokens and of codewords, and whether it takes text."""
    check(client.is_server_live() and client.is_server_ready(), "the server is live and ready")
    check(client.is_model_ready(model), f"{model} is ready")
    check(not client.is_model_ready("no-such-model"), "an unknown model is not")
    described = client.get_model_metadata(model)
    config = client.get_model_config(model).config
    names = [entry.name for entry in client.get_model_repository_index().models]
    check(model in names, f"the index lists {', '.join(names)}")
    tokens = described.inputs[0].shape[-1]
    check(list(config.input[0].dims) == [tokens], f"metadata and config agree on {tokens} tokens")
    return tokens, int(config.parameters["codebook_size"].string_value), "TEXT" in [i.name for i in described.inputs]


def unary(client, own, model, ids, takes_text):
    """One picture: raw pixels, file, options, text."""
    expected = np.asarray(own.detokenize(ids[0], model=model, seed=SEED, format="png").image())
    seeds = np.array([[SEED]], np.uint64)
    result = client.infer(model, inputs(ids[:1], seeds), request_id="one")
    check(result.get_response().id == "one", "the request's id comes back")
    check(levels(result.as_numpy("IMAGE")[0], expected) == 0, "ModelInfer gives the pixels of our own API")
    file = Image.open(io.BytesIO(result.as_numpy("IMAGE_FILE")[0][0]))
    check(levels(np.asarray(file), expected) == 0, f"IMAGE_FILE is the same picture as {file.format}")
    check(result.as_numpy("SEED")[0][0] == SEED, "SEED is told")

    few = np.asarray(own.detokenize(ids[0], model=model, seed=SEED, sampling={"rounds": 2}, format="png").image())
    result = client.infer(model, inputs(ids[:1], seeds), parameters={"rounds": 2})
    check(levels(result.as_numpy("IMAGE")[0], few) == 0, "the parameter rounds is obeyed")
    if takes_text:
        told = np.asarray(own.detokenize(ids[0], model=model, seed=SEED, text="a tree", format="png").image())
        result = client.infer(model, inputs(ids[:1], seeds, "a tree"))
        check(levels(result.as_numpy("IMAGE")[0], told) == 0, "TEXT is obeyed")
    return expected


def batch(client, model, ids, expected):
    """Two pictures in one request."""
    pictures = client.infer(model, inputs(ids, np.full((2, 1), SEED, np.uint64))).as_numpy("IMAGE")
    check(levels(pictures[0], expected) <= BATCH_LEVELS, "a batch gives the same picture")


def stream(client, model, ids, expected):
    """Three requests on a stream, the second one wrong."""
    answers = queue.Queue()
    client.start_stream(callback=lambda result, error: answers.put((result, error)))
    seeds = np.array([[SEED]], np.uint64)
    client.async_stream_infer(model, inputs(ids[:1], seeds), request_id="a")
    client.async_stream_infer(model, inputs(ids[:1], seeds), request_id="b", parameters={"rounds": 0})
    client.async_stream_infer(model, inputs(ids[:1], seeds), request_id="c")
    try:
        for name in "abc":
            result, error = answers.get(timeout=120)
            if name == "b":
                check(error is not None and "parameters.rounds" in str(error), f"a wrong request gets: {error}")
                continue
            check(error is None and result.get_response().id == name, f"response {name} comes in its turn")
            check(levels(result.as_numpy("IMAGE")[0], expected) <= BATCH_LEVELS, f"picture {name} is the same")
    finally:
        client.stop_stream()


def refusals(client, model, tokens):
    """What is wrong is said by name."""
    wrong = np.full((1, tokens), 2**40, np.int64)
    try:
        client.infer(model, inputs(wrong, np.array([[SEED]], np.uint64)))
    except triton.InferenceServerException as error:
        check(
            "INVALID_ARGUMENT" in error.status() and "inputs.TOKEN_IDS[0]" in error.message(),
            f"refused: {error.message()}",
        )
    else:
        raise Difference("an id beyond the codebook was drawn")
    try:
        client.unload_model(model)
    except triton.InferenceServerException as error:
        check("UNIMPLEMENTED" in error.status(), f"unloading is closed: {error.message()}")
    else:
        raise Difference("a model was unloaded")


def served(client, model):
    """Pictures so far, and failures."""
    stats = client.get_inference_statistics(model).model_stats[0]
    return stats.inference_count, stats.inference_stats.fail.count


def run(server, model):
    own = MaditClient(server)
    client = triton.InferenceServerClient(server)
    tokens, codewords, takes_text = metadata(client, model)
    ids = np.random.default_rng(SEED).integers(0, codewords, (2, tokens), dtype=np.int64)
    before = served(client, model)
    expected = unary(client, own, model, ids, takes_text)
    batch(client, model, ids, expected)
    stream(client, model, ids, expected)
    refusals(client, model, tokens)
    after = served(client, model)
    grown = after[0] - before[0], after[1] - before[1]
    check(grown >= (7 if takes_text else 6, 2), f"the statistics count {grown[0]} pictures and {grown[1]} failures")
    client.close()
    own.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--server", default="localhost:8500", help="HOST:PORT")
    parser.add_argument("--model", default="madit-nano")
    given = parser.parse_args()
    try:
        run(given.server, given.model)
    except (Difference, triton.InferenceServerException) as error:
        sys.exit(f"FAILED: {error}")


if __name__ == "__main__":
    main()
