"""Text to picture: whether a TA-TiTok bundle can decode the tokens of a MaskGen bundle."""

from collections.abc import Mapping
from typing import Any


def check_fit(generator: Mapping[str, Any], decoder: Mapping[str, Any]) -> None:
    """Raises ``ValueError`` naming the manifest field in which the two do not fit."""
    if generator.get("decoder") != decoder["family"]:
        raise ValueError(f"family must be {generator.get('decoder')}, is {decoder['family']}")
    for field, part in (("tokens", "count"), ("codebook", "size")):
        ours, theirs = ((side[field] or {}).get(part) for side in (generator, decoder))
        if ours != theirs:
            raise ValueError(f"{field}.{part} must be {ours}, is {theirs}")
    if generator["codebook"] is None and generator["tokens"]["dim"] != decoder["tokens"]["dim"]:
        raise ValueError(f"tokens.dim must be {generator['tokens']['dim']}, is {decoder['tokens']['dim']}")
