"""The registry of protocols: what params.yaml, `--help`, score files, tables and the report know protocols by.

A protocol of this repository is a module in scoring/protocols/ with a tuple PROTOCOLS, named once below; one of another
package is an entry point of the group `pvdbench.protocols` that names a Protocol or a tuple of them.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache

from pvdbench.core.entry_points import Group, leave_out, load_entry_points
from pvdbench.core.errors import ParamsError
from pvdbench.scoring.frame_pair import FramePair
from pvdbench.scoring.protocol import Metric, Protocol, Scores, Task
from pvdbench.scoring.protocols import endpoint, koehler, rgb, temporal

_GROUP: Group = "pvdbench.protocols"
_BUILT_IN = (*koehler.PROTOCOLS, *rgb.PROTOCOLS, *koehler.STEPS, *endpoint.PROTOCOLS, *temporal.PROTOCOLS)

UNAVAILABLE: Mapping[str, str] = {
    "lpips": "needs lpips-alex.safetensors: AlexNet's ImageNet weights and the linear weights of LPIPS v0.1 (Zhang et "
    "al., CVPR 2018); no package that pip can install holds the first, so nothing here could be checked against it",
}
"""Protocols that are wanted and cannot be offered, with the reason."""


@cache
def protocols() -> Mapping[str, Protocol]:
    """Every protocol by its name: this repository's, then those of installed packages.

    Raises:
        EntryPointError: if two packages register one name.
        ParamsError: if two protocols describe one metric differently.
    """
    found: dict[str, Protocol] = {protocol.name: protocol for protocol in _BUILT_IN}
    for name, value in load_entry_points(_GROUP).items():
        for protocol in value if isinstance(value, Sequence) else (value,):
            if not isinstance(protocol, Protocol):
                leave_out(_GROUP, name, f"it is a {type(protocol).__name__}, no Protocol")
            elif protocol.name in found:
                leave_out(_GROUP, name, f"there is a protocol '{protocol.name}' already")
            else:
                found[protocol.name] = protocol
    _check_metrics(found.values())
    return found


def _check_metrics(every: Iterable[Protocol]) -> None:
    """Refuse two meanings of one column."""
    seen: dict[str, Metric] = {}
    for metric in (metric for protocol in every for metric in protocol.metrics):
        if seen.setdefault(metric.name, metric) != metric:
            raise ParamsError(f"two protocols describe the metric '{metric.name}' differently; rename one of them")


def metrics(chosen: Iterable[Protocol] | None = None) -> dict[str, Metric]:
    """Every metric of some protocols by its name, in their order; of all where none is given."""
    every = protocols().values() if chosen is None else chosen
    return {metric.name: metric for protocol in every for metric in protocol.metrics}


def choices(task: Task | None = None, *, any_frames: bool = False) -> list[str]:
    """Names of the protocols that a task has, and of those that score any two folders."""
    return [
        protocol.name
        for protocol in protocols().values()
        if (task is None or task in protocol.tasks) and (protocol.any_frames or not any_frames)
    ]


def named_protocols(
    names: Sequence[str], task: Task | None = None, *, any_frames: bool = False
) -> tuple[Protocol, ...]:
    """The protocols of these names, each once, in their order; `all` stands for every one that applies.

    Args:
        task: those that do not apply to it are passed over.
        any_frames: whether the frames are in any two folders, with nothing known beside them.

    Raises:
        ParamsError: if there is no protocol of a name, or it needs more than two folders.
    """
    known, fitting = protocols(), choices(task, any_frames=any_frames)
    for name in names:
        if name != "all" and (name not in known or (any_frames and name not in fitting)):
            what = "unknown protocol" if name not in known else "two folders are not enough for the protocol"
            raise ParamsError(f"protocols: {what} '{name}'; choose from all, {', '.join(fitting)}")
    spelt = [each for name in names for each in (fitting if name == "all" else [name])]
    return tuple(known[name] for name in dict.fromkeys(spelt) if name in fitting)


def score_pair(pair: FramePair, chosen: Sequence[Protocol]) -> dict[str, Scores]:
    """Score one frame under each protocol; those that compute the same share one computation."""
    scores: dict[Callable[[FramePair], Scores], Scores] = {}
    for protocol in chosen:
        if protocol.score not in scores:
            scores[protocol.score] = protocol.score(pair)
    return {protocol.name: scores[protocol.score] for protocol in chosen if scores[protocol.score]}
