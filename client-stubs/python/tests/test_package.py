"""What the installed package consists of: `check` builds it as it would be published."""

from __future__ import annotations

from importlib import metadata


def test_wheel_holds_stubs_types_and_licence():
    files = {str(path) for path in metadata.files("madit-client")}
    assert {
        "madit/v1/service_pb2.py",
        "madit/v1/service_pb2_grpc.py",
        "madit/v1/service_pb2.pyi",
        "madit/v1/py.typed",
    } <= files
    assert {"madit_client/__init__.py", "madit_client/py.typed"} <= files
    assert any(name.endswith("licenses/LICENSE") for name in files)
