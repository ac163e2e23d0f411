"""A program for torchrun: trains several networks in all processes together; each process writes its own files."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch
from narrow import train_narrow
from short_run import RECIPE, train

from pvdbench.training.distributed import SINGLE, Processes, joined_processes


@dataclass(frozen=True)
class AllWrite(Processes):
    """Processes that all write, so that a test sees what each of them holds."""

    @property
    def writes(self) -> bool:
        return True


CASES = {
    "pvdnet-float32": ("pvdnet", "float32", 12),
    "pvdnet-float64": ("pvdnet", "float64", 48),
    "ifirnn-float32": ("ifirnn", "float32", 6),
    "dvd-float64": ("dvd", "float64", 12),
    "ovd-float64": ("ovd", "float64", 6),
}
"""Method, precision and updates; DVD and OVD have batch normalisation."""


def run_case(name: str, dataset: Path, out: Path, processes: Processes = SINGLE) -> Path:
    """Train one case; returns its weights file."""
    method, precision, steps = CASES[name]
    with _precision(precision):
        if method == "pvdnet":
            train(dataset, out, RECIPE.model_copy(update={"steps": steps}), name=name, processes=processes)
        else:
            # Adam divides a bias's gradient, which normalisation makes 0, by its rounding: a low rate keeps that small
            train_narrow(method, dataset, out / name, steps=steps, learning_rate=3e-4, processes=processes)
    return out / name


@contextmanager
def _precision(name: str) -> Iterator[None]:
    """Let everything compute in float32 or float64, what asks for .float() included."""
    before = torch.get_default_dtype(), torch.Tensor.float
    torch.set_default_dtype(getattr(torch, name))
    if name == "float64":
        torch.Tensor.float = torch.Tensor.double
    try:
        yield
    finally:
        torch.set_default_dtype(before[0])
        torch.Tensor.float = before[1]


if __name__ == "__main__":  # DATASET OUT
    torch.set_num_threads(1)
    with joined_processes() as together:
        own = Path(sys.argv[2]) / str(together.rank)
        own.mkdir()
        for case in CASES:
            run_case(case, Path(sys.argv[1]), own, AllWrite(together.rank, together.count))
