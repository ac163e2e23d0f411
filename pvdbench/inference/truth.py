"""Who may see the sharp frames: a method's card says so, or its weights where the card leaves it to them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pvdbench.core.errors import MethodError, WeightsError
from pvdbench.datasets.manifest import ClipFiles
from pvdbench.io.weights import load_weights
from pvdbench.methods.card import MethodCard
from pvdbench.methods.loading import load_deblurrer
from pvdbench.methods.precomputed import PrecomputedFrames


def sees_truth(card: MethodCard, trained: Path | None, given: Path | None) -> bool:
    """Tell whether a row is an upper bound, as tables mark it; the method's code is not asked.

    Args:
        trained: the weights that the row's training wrote, read in any case.
        given: the user's weights, in place of those.

    Raises:
        WeightsError: if the weights that were trained here are damaged.
    """
    header: Mapping[str, Any] = {}
    if trained is not None and trained.exists():
        header = load_weights(trained)[1]
    if card.upper_bound != "by-weights":
        return card.upper_bound
    params = (header if given is None else _header(given)).get("params")
    return isinstance(params, dict) and params.get("volume") == "ideal"


def _header(weights: Path) -> Mapping[str, Any]:
    """Read the header of the user's weights; empty where they have none, which the method may refuse or not."""
    try:
        return load_weights(weights)[1]
    except WeightsError:
        return {}


def refuse_truth(methods: Path, name: str, clips: Sequence[ClipFiles], *, truth: bool) -> None:
    """Refuse precomputed frames that are the data set's own sharp ones, or are one file for two frames.

    Args:
        truth: whether they may be, as the card says that they are an upper bound.

    Raises:
        MethodError: naming the first.
    """
    method = load_deblurrer(methods, name)
    assert isinstance(method, PrecomputedFrames)
    sharp = {frame.truth.resolve() for clip in clips for frame in clip.frames if frame.truth}
    frame_of = dict[Path, str]()
    for clip in clips:
        names = [frame.name for frame in clip.frames]
        for t, frame in enumerate(names):
            file, this = method.path(clip.video, names, t), f"{clip.video}/{frame}"
            if file.resolve() in sharp and not truth:
                raise MethodError(f"frames.path: {file} is a sharp frame of the data set itself, no result; name the "
                                  "method's own frames, or write `upper_bound: true` in method.yaml")  # fmt: skip
            if (other := frame_of.setdefault(file, this)) != this:
                raise MethodError(f"frames.path: {file} would be the result of '{other}' and of '{this}'; tell clips "
                                  "apart by {video}, frames by all of {frame} or {number}")  # fmt: skip
