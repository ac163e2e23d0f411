"""Several processes or GPUs under torchrun: each takes its share of a batch, gradients are averaged."""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
import torch.distributed as dist
from torch.nn import Parameter

from pvdbench.core.errors import ParamsError


@dataclass(frozen=True)
class Processes:
    """How many processes train together, and which of them this is."""

    rank: int = 0
    count: int = 1

    def share(self, batch: int) -> int:
        """What one process takes of a batch.

        Raises:
            ParamsError: if it cannot be shared equally.
        """
        if batch % self.count:
            raise ParamsError(f"params.yaml: training: batch: expected a multiple of the {self.count} processes, got "
                              f"{batch}; start fewer processes or change the batch")  # fmt: skip
        return batch // self.count

    def average(self, parameters: Iterable[Parameter]) -> None:
        """Replace each gradient by its mean over the processes: one message for all of them."""
        if self.count == 1:
            return
        gradients = [p.grad for p in parameters if p.grad is not None]
        flat = torch.cat([gradient.ravel() for gradient in gradients])
        dist.all_reduce(flat)
        flat /= self.count
        start = 0
        for gradient in gradients:
            gradient.copy_(flat[start : start + gradient.numel()].view_as(gradient))
            start += gradient.numel()

    def mean(self, value: float) -> float:
        """The mean of a number over the processes."""
        if self.count == 1:
            return value
        total = torch.tensor(value, dtype=torch.float64)
        total = total.cuda() if dist.get_backend() == "nccl" else total
        dist.all_reduce(total)
        return float(total) / self.count

    def any(self, told: bool) -> bool:
        """Whether one of the processes was told so; all get the same answer."""
        return self.mean(float(told)) > 0

    @property
    def writes(self) -> bool:
        """Whether this process writes files and shows progress."""
        return self.rank == 0


ALONE = Processes()


@contextmanager
def joined() -> Iterator[Processes]:
    """Join the other processes that torchrun started; alone without it."""
    if "TORCHELASTIC_RUN_ID" not in os.environ:
        yield ALONE
        return
    dist.init_process_group("nccl" if torch.cuda.is_available() else "gloo")
    try:
        yield Processes(dist.get_rank(), dist.get_world_size())
    finally:
        dist.destroy_process_group()
