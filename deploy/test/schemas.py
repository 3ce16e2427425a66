"""Checks Kubernetes objects against schemas: schemas.py DEFINITIONS FILE-VERSION.yaml...

DEFINITIONS is a folder of CustomResourceDefinitions. Objects of their kinds are checked against them, all others against
Kubernetes' own schemas of the version that the file's name ends with. Unknown fields are errors in both.
"""

import sys
from collections import Counter
from pathlib import Path

import jsonschema
import kubernetes_validate
import yaml


def strict(schema: dict) -> dict:
    """A structural schema of a definition as a JSON schema that refuses fields that it does not name."""
    out = {
        key: schema[key] for key in ("enum", "required", "pattern", "minimum", "maximum", "minItems") if key in schema
    }
    if "type" in schema:
        out["type"] = [schema["type"], "null"] if schema.get("nullable") else schema["type"]
    if "properties" in schema:
        out["properties"] = {name: strict(field) for name, field in schema["properties"].items()}
        if not schema.get("x-kubernetes-preserve-unknown-fields"):
            out["additionalProperties"] = False
    if isinstance(schema.get("additionalProperties"), dict):
        out["additionalProperties"] = strict(schema["additionalProperties"])
    if "items" in schema:
        out["items"] = strict(schema["items"])
    return out


def definitions(folder: Path) -> dict[tuple[str, str], dict]:
    """(apiVersion, kind) -> JSON schema."""
    found = {}
    for file in sorted(folder.glob("*.yaml")):
        spec = yaml.safe_load(file.read_text())["spec"]
        for version in spec["versions"]:
            schema = strict(version["schema"]["openAPIV3Schema"])
            schema["properties"]["metadata"] = {"type": "object"}
            found[f"{spec['group']}/{version['name']}", spec["names"]["kind"]] = schema
    return found


def check(item: dict, version: str, custom: dict[tuple[str, str], dict]) -> None:
    """
    Raises:
        jsonschema.ValidationError, kubernetes_validate.ValidationError: naming the field.
        kubernetes_validate.SchemaNotFoundError: the version has no such kind.
    """
    schema = custom.get((item["apiVersion"], item["kind"]))
    if schema is not None:
        jsonschema.validate(item, schema)
    else:
        kubernetes_validate.validate(item, version, strict=True)


def main(folder: str, files: list[str]) -> int:
    custom = definitions(Path(folder))
    checked: Counter[str] = Counter()
    failures = 0
    for file in map(Path, files):
        version = file.stem.rsplit("-", 1)[1]
        for item in filter(None, yaml.safe_load_all(file.read_text())):
            checked[item["kind"]] += 1
            try:
                check(item, version, custom)
            except (jsonschema.ValidationError, kubernetes_validate.ValidationError) as problem:
                failures += 1
                where = ".".join(str(part) for part in problem.absolute_path)
                print(f"{file.name}: {item['kind']} {where}: {problem.message}", file=sys.stderr)
    print(f"{sum(checked.values())} objects of {len(files)} files, {failures} wrong:", dict(sorted(checked.items())))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
