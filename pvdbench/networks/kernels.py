"""Whether Triton's kernels take the place of PyTorch's operators: on a graphics card, where no gradient is needed."""

from functools import cache
from importlib.util import find_spec

import torch
from torch import Tensor

from pvdbench.core.errors import shorten
from pvdbench.core.notice import notice

_TYPES = {torch.float32, torch.bfloat16, torch.float16}  # float64 is for tests, by the operators


def kernels_take(*tensors: Tensor) -> bool:
    """Tell whether a kernel may compute from these: they have values on a card, and no gradient is needed."""
    if not all(tensor.is_cuda for tensor in tensors) or torch.compiler.is_compiling():
        return False
    if torch.is_grad_enabled() and any(tensor.requires_grad for tensor in tensors):
        return False
    # operations are counted by tensors of another type, without values
    plain = all(type(tensor) is Tensor and tensor.dtype in _TYPES for tensor in tensors)
    return plain and _can_build(tensors[0].device)


@cache
def _can_build(device: torch.device) -> bool:
    """Tell whether Triton is here and builds kernels, for which it needs a C compiler and Python's headers, too."""
    if find_spec("triton") is None:
        return False
    pixel = torch.zeros(1, 1, 1, 1, device=device)
    try:
        from pvdbench.networks.triton_volume import candidates_by_kernel

        candidates_by_kernel(pixel, pixel.expand(1, 2, 1, 1), pixel, 1)
    except Exception as error:  # of Triton, its compilers and the driver
        notice(f"Triton is installed but builds no kernel here ({shorten(error, 120)}); PyTorch's operators compute")
        return False
    return True
