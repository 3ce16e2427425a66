"""Families by name. A family is a package here that is imported when it is needed.

It has ``convert(state, settings) -> nn.Module`` (authors' state dict and configuration -> the eager model, strictly
loaded), ``run_case(case) -> dict[str, Tensor]`` (what was computed, under the names of case.safetensors), and
``LEADING``: patterns of tensors of which only the leading rows matter. It may have ``exceptions(case)``: patterns of
tensors that have another limit than the rule's, for a reason it states. A family that can be served has
``export(model, settings, names, vae) -> Export`` and may have ``run_script(case)``: what its served module computes, one
request per sample, under the same names, and ``remote_case(case, names)``: the same as calls of a server. ``WANTED`` are the patterns of the keys that it reads, all by default.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib import import_module
from typing import Any, Protocol

from torch import Tensor, nn

from .case import Case, Report, compare, compare_served
from .weights import ConversionError


class Family(Protocol):
    """What the package of a family offers."""

    LEADING: tuple[str, ...]

    def convert(self, state: Mapping[str, Tensor], settings: Mapping[str, Any]) -> nn.Module: ...

    def run_case(self, case: Case) -> dict[str, Tensor]: ...


@dataclass(frozen=True)
class Entry:
    """``package`` under modelkit.families; ``marks``: parts of the authors' class name that a case records.

    Parts of a model, like an autoencoder, have no cases: they are only converted.
    """

    package: str
    marks: tuple[str, ...] = ()


FAMILIES = {
    "hf-llm-embeddings": Entry("llm_embeddings"),
    "mar": Entry("mar", ("models.mar.MAR",)),
    "maskgen": Entry("maskgen", ("modeling.maskgen.MaskGen",)),
    "maskgil": Entry("maskgil", ("MaskGIT.sample",)),
    "sdxl-vae": Entry("sdxl_vae"),
    "ta-titok": Entry("ta_titok", ("modeling.tatitok.TATiTok",)),
    "v2flow": Entry("v2flow", ("models.V2Flow.V2Flow",)),
}


def family(name: str) -> Family:
    """The package of a family; raises :class:`ConversionError` with all names for an unknown one."""
    if name not in FAMILIES:
        raise ConversionError(f"family must be one of {', '.join(sorted(FAMILIES))}, is {name}")
    return import_module(f"{__package__}.{FAMILIES[name].package}")


def family_of(config: Mapping[str, Any]) -> str:
    """The family whose authors' code made a case."""
    recorded = str(config.get("class", ""))
    for name, entry in FAMILIES.items():
        if any(mark in recorded for mark in entry.marks):
            return name
    raise ConversionError(f"config.json: class {recorded!r} belongs to none of {', '.join(sorted(FAMILIES))}")


def exceptions(case: Case) -> Mapping[str, float]:
    """Patterns of tensors of a case that have another limit than the rule's."""
    module = family(family_of(case.config))
    return module.exceptions(case) if hasattr(module, "exceptions") else {}


def verify(case: Case) -> Report:
    """Runs a case with our model and compares everything that was recorded; what the served module gives, too."""
    name = family_of(case.config)
    module = family(name)
    limits = exceptions(case)
    report = compare(name, case, module.run_case(case), module.LEADING, limits)
    if not hasattr(module, "run_script"):
        return report
    served = compare_served(case, module.run_script(case), limits)
    return replace(report, tensors=report.tensors + served)
