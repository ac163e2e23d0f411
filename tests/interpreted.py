"""What a process of its own computes by Triton's interpreter, which is chosen before Triton is imported."""

import os
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context


@contextmanager
def interpreter():
    """A process in which kernels take tensors of the CPU; submit functions of this module to it."""
    with ProcessPoolExecutor(1, get_context("spawn"), _interpret) as pool:
        yield pool


def _interpret():
    import torch

    os.environ["TRITON_INTERPRET"] = "1"
    torch.set_num_threads(1)


def candidates(*arguments):
    from pvdbench.networks.triton_volume import candidates_by_kernel

    return candidates_by_kernel(*arguments)


def costs(*arguments):
    from pvdbench.networks.triton_cost_volume import cost_volume_by_kernel

    return cost_volume_by_kernel(*arguments)
