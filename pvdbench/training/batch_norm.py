"""Batch normalisation by the statistics of a batch that several processes share (DVD and OVD have it)."""

from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm


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
