"""The protocols by name: what the literature scores deblurred frames by."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from pvdbench.core.errors import ParamsError
from pvdbench.scoring.frame_pair import Pair
from pvdbench.scoring.protocols.koehler import koehler, koehler_subpixel, step_crop, step_gain, step_shift
from pvdbench.scoring.protocols.rgb import crop_4, eval_py, luma_y, matlab_ssim, plain_rgb
from pvdbench.scoring.score import Score

_SU_FRAMES = frozenset(2 + 95 * i // 29 for i in range(30))  # floor(linspace(2, 97, 30)), counted from 1


def _every(number: int) -> bool:
    return number >= 1


def _but_the_first(number: int) -> bool:
    return number > 1


def _su_scored(number: int) -> bool:
    """Su et al. never said whether their list counts from 1; MATLAB does, and so does this."""
    return number in _SU_FRAMES


@dataclass(frozen=True)
class Protocol:
    """A way to score frames, and which frames of a clip its averages count."""

    name: str
    summary: str
    source: str  # who uses it
    score: Callable[[Pair], Score]
    counts: Callable[[int], bool] = _every  # of a frame's number in its clip, from 1


_PAPER = "Son et al., TOG 2021, evaluation of the authors' repository (codeslake/PVDNet)"

_ALL = (
    Protocol("koehler", "16 px crop, gain, whole-pixel shift, luma; first frames left out", _PAPER, koehler,
             _but_the_first),
    Protocol("koehler-subpixel", "koehler with the shift in steps of 1/20 px",
             "Koehler et al., ECCV 2012, and Guizar-Sicairos et al., Opt. Lett. 2008", koehler_subpixel,
             _but_the_first),
    Protocol("su-30", "koehler over the 30 frames a video of Su et al.",
             "Su et al., CVPR 2017 (shuochsu/DeepVideoDeblurring)", koehler, _su_scored),
    Protocol("plain-rgb", "8-bit RGB, Gaussian SSIM, no alignment; all frames",
             "XPixelGroup/BasicSR, calculate_psnr and calculate_ssim with crop_border 0", plain_rgb),
    Protocol("eval-py", "RGB, 7 x 7 uniform SSIM, no alignment; all frames",
             "eval.py of codeslake/PVDNet, there on floats", eval_py),
    Protocol("luma-y", "BT.601 studio-range luma, no alignment; all frames",
             "XPixelGroup/BasicSR, test_y_channel; MATLAB's rgb2ycbcr", luma_y),
    Protocol("crop-4", "plain-rgb after a 4 px crop; all frames",
             "Pan et al., CVPR 2020 (csbhr/CDVD-TSP), inference.py", crop_4),
    Protocol("matlab-ssim", "RGB PSNR, SSIM with MATLAB's three-dimensional window; all frames",
             "MATLAB's psnr() and ssim() on RGB arrays, as in swz30/MPRNet's evaluation", matlab_ssim),
    Protocol("step-crop", "RGB PSNR after koehler's crop; all frames", _PAPER, step_crop),
    Protocol("step-gain", "RGB PSNR after koehler's crop and gain; all frames", _PAPER, step_gain),
    Protocol("step-shift", "RGB PSNR after koehler's crop, gain and shift; all frames", _PAPER, step_shift),
)  # fmt: skip

WANTING: Mapping[str, str] = {
    "lpips": "needs lpips-alex.safetensors: AlexNet's ImageNet weights and the linear weights of LPIPS v0.1 (Zhang et "
    "al., CVPR 2018); no package that pip can install holds the first, so nothing here could be checked against it",
}
"""Protocols that are wanted and cannot be offered, with the reason."""

PROTOCOLS: Mapping[str, Protocol] = {protocol.name: protocol for protocol in _ALL}


def named_protocols(names: Sequence[str]) -> list[Protocol]:
    """The protocols of these names, each once, in their order; `all` stands for every one.

    Raises:
        ParamsError: if there is no protocol of a name.
    """
    for name in names:
        if name not in PROTOCOLS and name != "all":
            choices = ", ".join(PROTOCOLS)
            raise ParamsError(f"protocols: expected some of {choices}, got '{name}'; correct the name")
    spelt = [known for name in names for known in (PROTOCOLS if name == "all" else [name])]
    return [PROTOCOLS[name] for name in dict.fromkeys(spelt)]


def score_pair(pair: Pair, protocols: Sequence[Protocol]) -> dict[str, Score]:
    """One frame's score under each protocol; protocols that compute the same share one computation."""
    scores: dict[Callable[[Pair], Score], Score] = {}
    for protocol in protocols:
        if protocol.score not in scores:
            scores[protocol.score] = protocol.score(pair)
    return {protocol.name: scores[protocol.score] for protocol in protocols}
