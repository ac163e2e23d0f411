"""Who may see the sharp frames: a method's card says so, or its weights where the card leaves it to them."""

from collections.abc import Iterator, Mapping, Sequence
from filecmp import cmp
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


def refuse_truth(methods: Path, name: str, clips: Sequence[ClipFiles]) -> None:
    """Refuse precomputed frames that are the data set's own sharp ones or copies of all of them, or are of two clips.

    Raises:
        MethodError: naming the first.
    """
    method = load_deblurrer(methods, name)
    assert isinstance(method, PrecomputedFrames)
    results = [(clip.video, *pair) for clip in clips for pair in _beside_truth(method, clip)]
    truth, clip_of = {sharp.resolve() for _, _, sharp in results if sharp}, dict[Path, str]()
    for video, file, _ in results:
        if file.resolve() in truth:
            raise MethodError(f"frames.path: {file} is a sharp frame of the data set itself, no result; name the "
                              "method's own frames")  # fmt: skip
        if (other := clip_of.setdefault(file, video)) != video:
            raise MethodError(f"frames.path: {file} would be a result of the clips '{other}' and '{video}'; tell them "
                              "apart by {video}")  # fmt: skip
    if results and all(sharp and file.is_file() and cmp(file, sharp, shallow=False) for _, file, sharp in results):
        raise MethodError(f"frames.path: {results[0][1]}: all of its frames are copies of the data set's sharp ones, "
                          "no result; name the method's own frames")  # fmt: skip


def _beside_truth(method: PrecomputedFrames, clip: ClipFiles) -> Iterator[tuple[Path, Path | None]]:
    """Each frame's file and the sharp frame, where there is one."""
    names = [frame.name for frame in clip.frames]
    for t, frame in enumerate(clip.frames):
        yield method.path(clip.video, names, t), frame.truth
