"""Training in several processes under torchrun: each takes its share of every batch and its statistics."""

import ctypes
import os
import signal
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.parallel import DistributedDataParallel

from pvdbench.core.errors import ParamsError

Losses = Iterator[Tensor]

_SET_PDEATHSIG = 1  # of prctl(2)


@dataclass(frozen=True)
class Processes:
    """How many processes train together, and which of them this is."""

    rank: int = 0
    count: int = 1

    def share(self, batch: int) -> int:
        """Count the sequences of a batch that one process takes.

        Raises:
            ParamsError: if the batch cannot be shared equally.
        """
        if batch % self.count:
            raise ParamsError(f"params.yaml: training: a batch of {batch} cannot be shared equally by {self.count} "
                              "processes; start fewer processes or change `batch`")  # fmt: skip
        return batch // self.count

    def synchronise(self, network: nn.Module) -> Callable[[Losses], Losses]:
        """Prepare a network for training by all processes; its keys stay, and in a single process all of it.

        The statistics of batch normalisation become those of the whole batch, and all processes begin with the
        weights of the first.

        Returns: a function to pass a batch's losses through, so that each one's backward pass averages the gradients
            over the processes.
        """
        if self.count == 1:
            return lambda losses: losses
        synchronise_batch_norm(network)
        # It compares strides of sides of one element, too, which say nothing: of 1x1 convolutions in channels_last.
        warnings.filterwarnings("ignore", "Grad strides do not match bucket view strides")
        # An update may leave parameters without a gradient: those that make the features for a frame which never comes
        update = DistributedDataParallel(_NextLoss(network), find_unused_parameters=True)

        def averaged(losses: Losses) -> Losses:
            while (loss := update(losses)) is not None:
                yield loss

        return averaged

    def mean(self, value: float) -> float:
        """Average a number over the processes."""
        if self.count == 1:
            return value
        total = torch.tensor(value, dtype=torch.float64)
        total = total.cuda() if dist.get_backend() == "nccl" else total
        dist.all_reduce(total)
        return float(total) / self.count

    def any(self, told: bool) -> bool:
        """Tell whether told is true in any of the processes; all get the same answer."""
        return self.mean(float(told)) > 0

    def wait(self) -> None:
        """Wait until all processes have come this far."""
        self.any(told=False)

    @property
    def writes(self) -> bool:
        """Whether this process writes files and shows progress."""
        return self.rank == 0


SINGLE = Processes()


_TOLD = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT")
"""What torchrun, and what starts processes as it does, tells each of them; the first three say which process it is."""


def is_one_of_several() -> bool:
    """Tell whether torchrun, or another program like it, started this process."""
    return any(name in os.environ for name in _TOLD[:3])


@contextmanager
def joined_processes() -> Iterator[Processes]:
    """Join the other processes that torchrun started; a single one without torchrun.

    Raises:
        ParamsError: if this process was told which one it is, and not all that it needs to find the others.
    """
    if not is_one_of_several():
        yield SINGLE
        return
    if missing := [name for name in _TOLD if name not in os.environ]:
        raise ParamsError(f"environment: {missing[0]} is not set, though torchrun's other variables are; start the "
                          f"processes by torchrun, or unset {', '.join(_TOLD[:3])} to train in this one")  # fmt: skip
    dist.init_process_group("nccl" if torch.cuda.is_available() else "gloo")
    try:
        yield Processes(dist.get_rank(), dist.get_world_size())
    finally:
        dist.destroy_process_group()


def end_with_parent(_: int = 0) -> None:
    """Have the kernel kill this process when the one that started it ends, however it does (on Linux).

    Args:
        _: the number that torch's DataLoader gives to each process that reads frames.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


class _NextLoss(nn.Module):
    """One update as the forward pass that DistributedDataParallel wraps.

    A generator of losses computes each when it is asked for, by as many calls of the network as the update takes.
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network  # DistributedDataParallel finds the parameters here; the generator calls them

    def forward(self, losses: Losses) -> Tensor | None:
        """Compute the loss of the next update; None after the last."""
        return next(losses, None)


def synchronise_batch_norm(network: nn.Module) -> None:
    """Let a network's batch normalisation take its statistics over all processes; keys and values stay."""
    if any(parameter.device.type != "cpu" for parameter in network.parameters()):
        nn.SyncBatchNorm.convert_sync_batchnorm(network)  # type: ignore[no-untyped-call]
        return
    for module in network.modules():
        if isinstance(module, _BatchNorm):
            module.__class__ = CpuSyncBatchNorm  # the same attributes; only forward differs


class CpuSyncBatchNorm(_BatchNorm):
    """Batch normalisation over all processes on the CPU, where nn.SyncBatchNorm refuses to run.

    All processes hold equally many values, since each takes an equal share of the batch.
    """

    def forward(self, input: Tensor) -> Tensor:
        """Normalise (B, C, ...) by the mean and variance of each channel over all processes."""
        if not self.training:
            return super().forward(input)
        axes = [axis for axis in range(input.dim()) if axis != 1]
        shape = [1, -1, *[1] * (input.dim() - 2)]
        mean = _mean_over_processes(input.mean(axes))
        centred = input - mean.view(shape)
        variance = _mean_over_processes(centred.square().mean(axes))  # of squared differences: exact for far means, too
        self._track(mean.detach(), variance.detach(), input.numel() // input.shape[1] * dist.get_world_size())
        output = centred * (variance + self.eps).rsqrt().view(shape)
        return output * self.weight.view(shape) + self.bias.view(shape) if self.affine else output

    def _check_input_dim(self, input: Tensor) -> None:
        """Accept any number of dimensions: the class that this one replaces has accepted them."""

    @torch.no_grad()
    def _track(self, mean: Tensor, variance: Tensor, count: int) -> None:
        """Move the running statistics on, as torch does: their variance is the unbiased one."""
        if self.running_mean is None or self.running_var is None or self.num_batches_tracked is None:
            return
        self.num_batches_tracked.add_(1)
        factor = 1 / float(self.num_batches_tracked) if self.momentum is None else self.momentum
        self.running_mean.lerp_(mean, factor)
        self.running_var.lerp_(variance * count / (count - 1), factor)


class _Sum(torch.autograd.Function):
    """The sum over all processes, whose gradient is the sum of theirs.

    torch.distributed.nn.functional.all_reduce does the same, but is deprecated since torch 2.13.
    """

    @staticmethod
    def forward(ctx: Any, value: Tensor) -> Tensor:  # noqa: ARG004
        total = value.clone(memory_format=torch.contiguous_format)
        dist.all_reduce(total)
        return total

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:  # noqa: ARG004
        (total,) = (gradient.clone(memory_format=torch.contiguous_format) for gradient in gradients)
        dist.all_reduce(total)
        return total


def _mean_over_processes(value: Tensor) -> Tensor:
    total: Tensor = _Sum.apply(value)  # type: ignore[no-untyped-call]
    return total / dist.get_world_size()
