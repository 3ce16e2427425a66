"""Generation, then reconstruction (GtR): a reveal order in stages, with counts and solver steps of its own.

The generation stage takes the places with an even row + column, sparsest first, the reconstruction stage all others. The
paper's public text has lost the number of stages, the rates and the step numbers: the rules and defaults here are ours.
Everything is whole-number arithmetic, so that servers compile the very same plan.
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class GtrOptions:
    """What a manifest, a preset or a request says about GtR; None: by the rounds and flow steps of the picture."""

    stages: int | None = None
    reconstruction_rounds: int | None = None
    first_flow_steps: int | None = None
    last_flow_steps: int | None = None
    reconstruction_flow_steps: int | None = None


@dataclass(frozen=True)
class GtrSettings:
    """``stages``: levels of bisection; solver steps fall from ``first`` to ``last`` over the generation stage."""

    stages: int
    reconstruction_rounds: int
    first_flow_steps: int
    last_flow_steps: int
    reconstruction_flow_steps: int

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if value < 1:
                raise ValueError(f"gtr.{name} must be at least 1, is {value}")
        if self.last_flow_steps > self.first_flow_steps:
            raise ValueError(
                f"gtr.last_flow_steps must be at most first_flow_steps {self.first_flow_steps}, "
                f"is {self.last_flow_steps}"
            )


def gtr_settings(given: GtrOptions, rows: int, columns: int, rounds: int, flow_steps: int) -> GtrSettings:
    """Fills in what is not given: two stages, two rounds of reconstruction, steps from T to ceil(T / 2)."""
    most = most_stages(rows, columns)
    if most < 1:
        raise ValueError(f"reveal order gtr needs a grid of at least 2 x 2, is {rows} x {columns}")
    if rounds < 2:
        raise ValueError(f"rounds must be at least 2 with the reveal order gtr, is {rounds}")
    first = flow_steps if given.first_flow_steps is None else given.first_flow_steps
    half = (first + 1) // 2
    settings = GtrSettings(
        stages=min(2, most) if given.stages is None else given.stages,
        reconstruction_rounds=(
            min(2, rounds - 1) if given.reconstruction_rounds is None else given.reconstruction_rounds
        ),
        first_flow_steps=first,
        last_flow_steps=half if given.last_flow_steps is None else given.last_flow_steps,
        reconstruction_flow_steps=(
            half if given.reconstruction_flow_steps is None else given.reconstruction_flow_steps
        ),
    )
    if settings.stages > most:
        raise ValueError(f"gtr.stages must be at most {most} for {rows} x {columns} patches, is {settings.stages}")
    if settings.reconstruction_rounds >= rounds:
        raise ValueError(
            f"gtr.reconstruction_rounds must be below rounds {rounds}, is {settings.reconstruction_rounds}"
        )
    return settings


def most_stages(rows: int, columns: int) -> int:
    """Levels of bisection that a grid allows: log2 of its shorter side, rounded down."""
    return min(rows, columns).bit_length() - 1


def stage_sets(rows: int, columns: int, stages: int) -> list[list[int]]:
    """The sub-stages of generation, sparsest first, then the reconstruction stage; raster indices, ascending.

    Level l looks at the rows and columns that are multiples of 2^l. It bisects them into an odd and an even sum of
    coordinates, and the even ones into both odd and both even; the both-even places are the next level.
    """
    sets: list[list[int]] = []
    for level in range(stages):
        step = 1 << level
        places = [(i, j) for i in range(0, rows, step) for j in range(0, columns, step)]
        odd_sum = [i * columns + j for i, j in places if (i // step + j // step) % 2 == 1]
        both_odd = [i * columns + j for i, j in places if (i // step) % 2 == 1 and (j // step) % 2 == 1]
        sets += [odd_sum, both_odd]
    step = 1 << stages
    sets.append([i * columns + j for i in range(0, rows, step) for j in range(0, columns, step)])
    return sets[::-1]


def gtr_order(rows: int, columns: int, stages: int, inside: Sequence[int]) -> list[int]:
    """The stages one after the other, each in the order that ``inside``, a permutation, gives its places."""
    rank = [0] * len(inside)
    for position, index in enumerate(inside):
        rank[index] = position
    return [index for places in stage_sets(rows, columns, stages) for index in sorted(places, key=rank.__getitem__)]


def gtr_counts(rows: int, columns: int, settings: GtrSettings, rounds: int) -> tuple[list[int], list[int]]:
    """Patches per round of the generation and of the reconstruction stage: sums are the sizes of the stages.

    Every sub-stage gets an equal share of the generation rounds, so that rates rise with its size. With fewer rounds than
    sub-stages the sparsest ones share a round; with more rounds than patches each patch has a round.
    """
    sizes = [len(places) for places in stage_sets(rows, columns, settings.stages)]
    generation, reconstruction = sizes[:-1], sizes[-1]
    left = min(rounds - settings.reconstruction_rounds, sum(generation))
    merged = max(0, len(generation) - left)
    generation = [sum(generation[: merged + 1]), *generation[merged + 1 :]]
    shares = [0] * len(generation)
    # The smallest first: what it cannot use is left to the others.
    for done, stage in enumerate(sorted(range(len(generation)), key=generation.__getitem__)):
        shares[stage] = min(left // (len(generation) - done), generation[stage])
        left -= shares[stage]
    counts = [count for size, share in zip(generation, shares) for count in even_split(size, share)]
    return counts, even_split(reconstruction, min(settings.reconstruction_rounds, reconstruction))


def even_split(total: int, parts: int) -> list[int]:
    """``total`` in ``parts`` that differ by at most one."""
    return [total * (k + 1) // parts - total * k // parts for k in range(parts)]


def gtr_flow_steps(settings: GtrSettings, generation_rounds: int, reconstruction_rounds: int) -> list[int]:
    """Solver steps per round: linear from first to last, half steps rounded up in the fall; then constant."""
    fall, gaps = settings.first_flow_steps - settings.last_flow_steps, max(1, generation_rounds - 1)
    steps = [settings.first_flow_steps - (2 * fall * k + gaps) // (2 * gaps) for k in range(generation_rounds)]
    return steps + [settings.reconstruction_flow_steps] * reconstruction_rounds
