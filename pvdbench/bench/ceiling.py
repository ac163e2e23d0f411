"""What this machine can do at most: floating-point operations of a matrix product, and bytes of a copy, per second."""

from dataclasses import dataclass

from pvdbench.bench.part import Part, Setting, Work

_SIDE = {"cpu": 2048, "cuda": 8192}  # of the matrices
_COPIED = 2**28  # bytes, more than any cache
_FLOAT = 4  # bytes


@dataclass(frozen=True)
class Ceiling:
    """Measured in the same run as the parts.

    Attributes:
        operations: per second.
        moved: bytes read and written per second.
    """

    operations: float
    moved: float

    def share(self, milliseconds: float, operations: float, moved: float) -> float:
        """Compute the part of a time that this machine needs at least (a roofline: the larger of the two bounds)."""
        return max(operations / self.operations, moved / self.moved) / (milliseconds / 1000)


def ceiling_parts() -> list[Part]:
    """List what is measured, on the processor and on the card."""
    return [
        Part(f"{name}-{device}", computes, work, None, "float32", on_card=device == "cuda", threaded=True)
        for device in ("cpu", "cuda")
        for name, computes, work in (("matrix-product", "two float32 matrices", _product),
                                     ("copy", "a large array", _copy))
    ]  # fmt: skip


def _product(setting: Setting) -> Work:
    import torch

    device = setting.device
    side = _SIDE[device.type]
    first, second = (torch.rand(side, side, device=device) for _ in range(2))
    out = torch.empty_like(first)

    def call() -> None:
        torch.mm(first, second, out=out)
        if device.type == "cuda":
            torch.cuda.synchronize()

    return Work(call, moved=3 * _FLOAT * side**2, operations=2.0 * side**3)


def _copy(setting: Setting) -> Work:
    import torch

    source = torch.zeros(_COPIED // _FLOAT, device=setting.device)
    target = torch.empty_like(source).fill_(1)

    def call() -> None:
        target.copy_(source)
        if source.is_cuda:
            torch.cuda.synchronize()

    return Work(call, moved=2.0 * _COPIED)
