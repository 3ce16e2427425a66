"""Generates the stubs of `madit.v1` when the package is built; they are not in version control."""

import shutil
from importlib import resources
from pathlib import Path

from grpc_tools import protoc
from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class StubsHook(BuildHookInterface):
    """Runs protoc over the `.proto` files of the checkout, or of the sdist."""

    def initialize(self, version: str, build_data: dict) -> None:
        root = Path(self.root)
        protos = root / "proto"
        if not protos.is_dir():
            protos = root.parent.parent / "proto"
        target = root / "src" / "madit"
        shutil.rmtree(target, ignore_errors=True)
        files = sorted(str(path) for path in (protos / "madit" / "v1").glob("*.proto"))
        well_known = resources.files("grpc_tools") / "_proto"
        out = root / "src"
        failed = protoc.main(
            [
                "protoc",
                f"-I{protos}",
                f"-I{well_known}",
                f"--python_out={out}",
                f"--pyi_out={out}",
                f"--grpc_python_out={out}",
                *files,
            ]
        )
        if failed or not files:
            raise RuntimeError(f"protoc could not make stubs from {protos}")
        (target / "v1" / "py.typed").touch()
