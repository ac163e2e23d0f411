"""Where to compute, and on how many threads."""

import torch


def compute_device(threads: int) -> torch.device:
    """The first GPU where there is one, else the CPU.

    Args:
        threads: of this process on the CPU. Part of the numbers: sums over another number of threads round otherwise.
    """
    torch.set_num_threads(threads)
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")
