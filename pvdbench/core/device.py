"""Where to compute, and on how many threads."""

import os

import torch


def compute_device(threads: int) -> torch.device:
    """The GPU that torchrun gave to this process, the first without it, or the CPU where there is none.

    Args:
        threads: of this process on the CPU. Part of the numbers: sums over another number of threads round otherwise.
    """
    torch.set_num_threads(threads)
    if not torch.cuda.is_available():
        return torch.device("cpu")
    device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))
    torch.cuda.set_device(device)
    return device
