"""Runs a recorded case on a server, over gRPC. Message types come from the server's reflection, so that none are built in."""

import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import grpc
from google.protobuf import json_format
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

from ..bundle import write_folder
from .case import Case, Report, compare_served
from .export import Names
from .registry import exceptions, family, family_of
from .remote_case import Answer, RemoteCase
from .weights import ConversionError

SERVICE = "madit.v1.VisualTokenService"
LAUNCHER = Path(__file__).resolve().parents[3] / "madit"
LARGEST_ANSWER = 1 << 30
START_SECONDS = 300
CALL_SECONDS = 600


def remote_case(case: Case, name: str) -> RemoteCase:
    """The case as calls of a server that serves its bundle under ``name``."""
    names = Names(name, provenance={"weights": "a recorded case, with its draws"})
    return family(family_of(case.config)).remote_case(case, names)


def write_bundle(case: Case, name: str, out: Path) -> None:
    """Writes the bundle ``name`` of a case, whose noise is the case's."""
    export = remote_case(case, name).bundle
    write_folder(out, export.module, {"family": family_of(case.config)}, export.manifest, export.files)


def verify_remote(case: Case, name: str, server: str, report: Report) -> Report:
    """``report`` with what a server of the bundle ``name`` gives, under ``server.NAME``."""
    made = remote_case(case, name)
    found = compare_served(case, made.read(answers(made, server, name)), exceptions(case), "server")
    return replace(report, tensors=report.tensors + found)


def verify_started(case: Case, name: str, report: Report) -> Report:
    """:func:`verify_remote` with a server that runs meanwhile."""
    with tempfile.TemporaryDirectory() as folder:
        bundle = Path(folder) / name
        write_bundle(case, name, bundle)
        with started_server(bundle) as server:
            return verify_remote(case, name, server, report)


def answers(made: RemoteCase, server: str, model: str) -> list[Answer]:
    """Sends all calls to ``server`` (HOST:PORT, no TLS); raises :class:`ConversionError` with the status of one that fails."""
    with grpc.insecure_channel(server, options=[("grpc.max_receive_message_length", LARGEST_ANSWER)]) as channel:
        try:
            pool = DescriptorPool(ProtoReflectionDescriptorDatabase(channel))
            service = pool.FindServiceByName(SERVICE)
        except (KeyError, grpc.RpcError) as error:
            raise ConversionError(f"{server}: no reflection of {SERVICE}: {_first_line(error)}") from error
        found = [_call(channel, service, call.method, {**call.request, "model": model}, pool) for call in made.calls]
    for answer in found:
        precision = answer["report"]["precision"]
        if precision != "PRECISION_FLOAT32":
            raise ConversionError(f"{server}: computes in {precision}; start it with --precision float32")
    return found


def _call(channel: grpc.Channel, service: Any, name: str, request: dict[str, Any], pool: DescriptorPool) -> Answer:
    method = service.methods_by_name[name]
    message = json_format.ParseDict(request, GetMessageClass(method.input_type)(), descriptor_pool=pool)
    call = channel.unary_unary(
        f"/{SERVICE}/{name}",
        request_serializer=lambda value: value.SerializeToString(),
        response_deserializer=GetMessageClass(method.output_type).FromString,
    )
    try:
        answer = call(message, timeout=CALL_SECONDS)
    except grpc.RpcError as error:
        raise ConversionError(f"{name}: {error.code().name}: {error.details()}") from error
    return json_format.MessageToDict(
        answer, preserving_proto_field_name=True, always_print_fields_with_no_presence=True, descriptor_pool=pool
    )


def _first_line(error: Exception) -> str:
    text = error.details() if isinstance(error, grpc.RpcError) else str(error)
    return (text or type(error).__name__).splitlines()[0]


@contextmanager
def started_server(bundle: Path) -> Iterator[str]:
    """A server of this checkout that serves ``bundle`` in float32 until the block ends: its HOST:PORT."""
    port = _free_port()
    ports = ["--port", str(port), "--http-port", str(_free_port())]
    with tempfile.TemporaryFile("w+") as log:
        process = subprocess.Popen(
            [LAUNCHER, "serve", "--model", bundle, "--precision", "float32", *ports],
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            _wait(process, port, log)
            yield f"localhost:{port}"
        finally:
            process.terminate()
            process.wait()


def _wait(process: subprocess.Popen, port: int, log: Any) -> None:
    until = time.monotonic() + START_SECONDS
    with grpc.insecure_channel(f"localhost:{port}") as channel:
        ready = grpc.channel_ready_future(channel)
        while process.poll() is None and time.monotonic() < until:
            try:
                ready.result(timeout=1)
                return
            except grpc.FutureTimeoutError:
                continue
    log.seek(0)
    print(log.read(), file=sys.stderr)
    raise ConversionError("the server did not start")


def _free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("localhost", 0))
        return probe.getsockname()[1]
