"""The protocols by name."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from pvdbench.core.errors import ParamsError
from pvdbench.core.images import Frame
from pvdbench.protocols.koehler import koehler
from pvdbench.protocols.plain import plain
from pvdbench.protocols.score import Score


@dataclass(frozen=True)
class Protocol:
    """A way to score frames, and how many frames at a clip's start its averages leave out."""

    name: str
    summary: str
    score: Callable[[Frame, Frame], Score]  # estimate, truth
    skip_first: int


_ALL = (
    Protocol("koehler", "the paper's: 16 px crop, gain, whole-pixel shift, luma; first frames left out", koehler, 1),
    Protocol("plain", "8-bit RGB PSNR, SSIM averaged over the channels; all frames", plain, 0),
)

PROTOCOLS: Mapping[str, Protocol] = {protocol.name: protocol for protocol in _ALL}


def named_protocols(names: Sequence[str]) -> list[Protocol]:
    """The protocols of these names.

    Raises:
        ParamsError: if there is no protocol of a name.
    """
    for name in names:
        if name not in PROTOCOLS:
            choices = ", ".join(PROTOCOLS)
            raise ParamsError(f"protocols.names: expected some of {choices}, got '{name}'; correct the name")
    return [PROTOCOLS[name] for name in names]
