"""The device that a process computes on, and on how many threads."""

import ctypes
import os
import sys
from typing import TYPE_CHECKING, TypeVar

from pvdbench.core.errors import ParamsError, shorten

if TYPE_CHECKING:  # PyTorch is imported where it computes, so that commands which need none do not wait for it
    import torch
    from torch import nn

Network = TypeVar("Network", bound="nn.Module")

MOST_THREADS = 4096
"""More than any machine has; PyTorch counts them in 32 bits."""

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # of mallopt(3)
_KEPT, _HEAP_BLOCK = 256 * 2**20, 32 * 2**20  # bytes


def compute_device(threads: int) -> "torch.device":
    """Choose the GPU that torchrun gave to this process, the first one without it, or the CPU where there is none.

    Args:
        threads: of this process on the CPU. Part of the numbers: sums over another number of threads round otherwise.

    Raises:
        ParamsError: if threads is no number that a machine may have.
    """
    import torch

    if not 1 <= threads <= MOST_THREADS:
        raise ParamsError(f"threads: {shorten(threads, 40)} is not from 1 to {MOST_THREADS}; correct it")
    # Tensors of megabytes are mapped anew by each operation, and pages of 4 KiB take half of its time where it only
    # moves memory. Read when PyTorch first allocates; who set it otherwise wants it so.
    os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")
    torch.set_num_threads(threads)
    keep_freed_memory()
    if not torch.cuda.is_available():
        return torch.device("cpu")
    device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))
    torch.cuda.set_device(device)
    return device


def keep_freed_memory() -> None:
    """Have this process reuse the memory of freed arrays and tensors (Linux, glibc).

    By default a freed one goes back to the kernel, and the next one of its size comes in pages of 4 KiB, each filled
    with zeros at its first use: 2,000 to 4,000 of them per training update at a crop of 64x64, and a tenth of the time
    of scoring. What is asked for here keeps up to 256 MiB; a block above 32 MiB goes back when it is freed, as before.
    """
    if sys.platform == "linux" and hasattr(libc := ctypes.CDLL(None), "mallopt"):
        libc.mallopt(_MMAP_THRESHOLD, _HEAP_BLOCK)
        libc.mallopt(_TRIM_THRESHOLD, _KEPT)


def for_inference(network: Network, device: "torch.device") -> Network:
    """Move a network to the device that it is to run on, its weights in the layout that is fastest there.

    With channels last convolutions are up to a fifth faster on processors (as measured for PVDNet and LiteFlowNet) and
    by more on cards; numbers differ by rounding alone.
    """
    import torch

    network.to(device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # in place
    network.eval()
    return network


def named_device(name: "str | torch.device") -> "torch.device":
    """Find the device of a name such as cpu, cuda or cuda:1.

    Raises:
        ParamsError: if PyTorch knows none of it, or cannot use it here.
    """
    import torch

    try:
        device = torch.device(name)
        torch.zeros(1, device=device)
    except Exception as error:  # PyTorch raises of every kind
        raise ParamsError(f"device: {shorten(repr(name), 40)} cannot be used here ({shorten(error, 80)}); give 'cpu', "
                          "or 'cuda' where there is a GPU") from error  # fmt: skip
    return device
