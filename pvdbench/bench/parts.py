"""The registry of parts: every hot part of pvdbench by its name, in the order of the table."""

from collections.abc import Mapping
from functools import cache

from pvdbench.bench.command_parts import command_parts
from pvdbench.bench.frame_parts import frame_parts
from pvdbench.bench.network_parts import network_parts
from pvdbench.bench.part import Part
from pvdbench.bench.training_parts import training_parts


@cache
def parts() -> Mapping[str, Part]:
    """Every part by its name."""
    return {part.name: part for part in (*frame_parts(), *network_parts(), *training_parts(), *command_parts())}
