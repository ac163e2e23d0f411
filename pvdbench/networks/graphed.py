"""A recurrent step as a CUDA graph: its hundreds of launches are recorded once, and replayed by one."""

from collections.abc import Callable
from typing import Any, TypeVar

import torch
from torch import Tensor

Result = TypeVar("Result")
Step = Callable[..., Result]
_WARM = 3  # calls before the recording, in which cuDNN chooses its algorithms and Triton builds its kernels


def graphed(step: Step[Result], *examples: Any) -> Step[Result]:
    """Record a step on a graphics card and return what replays it, with results that later calls leave alone.

    The step computes the same operations whatever the values are: it waits for no value, copies nothing from the host,
    and enters autocast inside, if at all. No gradient passes.

    Args:
        step: from tensors, or dicts, lists and tuples of them, to the same.
        examples: inputs on a card; later ones must have their shapes and types.

    Raises:
        ValueError: if the examples are not all on one card, or autocast was entered outside; from the returned step,
            if its inputs do not match the examples.
    """
    if len(devices := {tensor.device for tensor in tensors_of(examples)}) != 1 or next(iter(devices)).type != "cuda":
        raise ValueError(f"a graph needs its examples on one graphics card, got {sorted(map(str, devices)) or 'none'}")
    if torch.is_autocast_enabled("cuda"):  # its copies of the weights would be freed, and the graph go on reading them
        raise ValueError("enter autocast inside the step: a graph may not read what autocast keeps outside")
    with torch.inference_mode(False), torch.no_grad():  # buffers that may be filled in any mode
        inputs = mapped(torch.empty_like, examples)
    buffers = tensors_of(inputs)
    _fill(buffers, examples)
    replay, outputs = record(step, inputs)

    @torch.no_grad()
    def replayed(*given: Any) -> Result:
        _fill(buffers, given)
        replay()
        copies: Result = mapped(torch.clone, outputs)
        return copies

    return replayed


def record(step: Step[Result], inputs: tuple[Any, ...]) -> tuple[Callable[[], None], Result]:
    """Run a step on inputs that stay where they are, record it, and return the replay and its outputs' buffers."""
    graph = torch.cuda.CUDAGraph()
    stream = torch.cuda.Stream()  # type: ignore[no-untyped-call]
    stream.wait_stream(torch.cuda.current_stream())
    with torch.no_grad(), torch.cuda.stream(stream):
        for _ in range(_WARM):
            step(*inputs)
    torch.cuda.current_stream().wait_stream(stream)
    # other threads, which decode and pin frames, may go on
    with torch.no_grad(), torch.cuda.graph(graph, capture_error_mode="thread_local"):
        outputs = step(*inputs)
    return graph.replay, outputs


@torch.no_grad()
def _fill(buffers: list[Tensor], given: Any) -> None:
    """Copy inputs into a graph's buffers."""
    values = tensors_of(given)
    wanted, got = ([(tuple(one.shape), one.dtype) for one in several] for several in (buffers, values))
    if wanted != got:
        raise ValueError(f"the graph was recorded for {wanted}, got {got}")
    for buffer, value in zip(buffers, values, strict=True):
        buffer.copy_(value)


def mapped(change: Callable[[Tensor], Tensor], nested: Any) -> Any:
    """Change every tensor of nested dicts, lists and tuples; all else stays."""
    if isinstance(nested, Tensor):
        return change(nested)
    if isinstance(nested, dict):
        return {key: mapped(change, value) for key, value in nested.items()}
    if isinstance(nested, list | tuple):
        return type(nested)(mapped(change, value) for value in nested)
    return nested


def tensors_of(nested: Any) -> list[Tensor]:
    """List the tensors of nested dicts, lists and tuples, in their order."""
    found: list[Tensor] = []
    mapped(lambda tensor: found.append(tensor) or tensor, nested)  # type: ignore[func-returns-value]
    return found
