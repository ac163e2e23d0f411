"""The device that a process computes on, and on how many threads."""

import ctypes
import os
import sys
from typing import TYPE_CHECKING

from pvdbench.core.errors import ParamsError, shorten

if TYPE_CHECKING:  # PyTorch is imported where it computes, so that commands which need none do not wait for it
    import torch

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
    torch.set_num_threads(threads)
    _keep_freed_memory()
    if not torch.cuda.is_available():
        return torch.device("cpu")
    device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))
    torch.cuda.set_device(device)
    return device


def _keep_freed_memory() -> None:
    """Have this process reuse the memory of freed tensors, and map large ones in pages of 2 MiB (Linux, glibc).

    By default a freed tensor goes back to the kernel, and the next one of its size comes in pages of 4 KiB, each filled
    with zeros at its first use: 2,000 to 4,000 of them per training update at a crop of 64x64. What is asked for here
    keeps up to 256 MiB; a tensor above 32 MiB goes back when it is freed, as before.
    """
    os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")  # PyTorch reads it at its first allocation
    if sys.platform == "linux" and hasattr(libc := ctypes.CDLL(None), "mallopt"):
        libc.mallopt(_MMAP_THRESHOLD, _HEAP_BLOCK)
        libc.mallopt(_TRIM_THRESHOLD, _KEPT)


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
