"""The registry of protocols: what params.yaml, `--help`, score files, tables and the report know protocols by.

A protocol of this repository is a module in scoring/protocols/ with a tuple PROTOCOLS, named once below; one of another
package is an entry point of the group `pvdbench.protocols` that names a Protocol or a tuple of them.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from pvdbench.core.entry_points import Group, leave_out, load_entry_points, package_named
from pvdbench.core.errors import EntryPointError, ParamsError, PvdbenchError, shorten
from pvdbench.core.errors import choices as among
from pvdbench.scoring.frame_pair import FramePair
from pvdbench.scoring.protocol import Metric, Protocol, Scores, Task
from pvdbench.scoring.protocol_check import as_protocols, protocol_fault, scores_fault
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

    One of a package that cannot be used is left out, with one line on stderr that names the package.

    Raises:
        EntryPointError: if two packages register one name.
    """
    found: dict[str, Protocol] = {protocol.name: protocol for protocol in _BUILT_IN}
    for point, value in load_entry_points(_GROUP).items():
        for protocol in as_protocols(value):
            if fault := protocol_fault(protocol) or _clash(protocol, found):
                leave_out(_GROUP, point, fault)
            elif isinstance(protocol, Protocol):  # without a fault it is
                found[protocol.name] = protocol
    return found


def _clash(protocol: object, found: Mapping[str, Protocol]) -> str:
    """Say what a protocol has in common with those before it and must not; empty where there is nothing."""
    if not isinstance(protocol, Protocol) or protocol.name in found:
        return f"there is a protocol '{getattr(protocol, 'name', '')}' already"
    described = {metric.name: metric for other in found.values() for metric in other.metrics}
    for metric in protocol.metrics:
        if described.get(metric.name, metric) != metric:
            return f"another protocol describes the metric '{metric.name}' differently"
    return ""


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
    names: str | Iterable[str], task: Task | None = None, *, any_frames: bool = False
) -> tuple[Protocol, ...]:
    """The protocols of these names, each once, in their order; `all` stands for every one that applies.

    Those that score on request alone are not in `all`.

    Args:
        names: one or several.
        task: those that do not apply to it are passed over.
        any_frames: whether the frames are in any two folders, with nothing known beside them.

    Raises:
        ParamsError: if no name is given, there is no protocol of it, or it needs more than two folders.
    """
    known, fitting, listed = protocols(), choices(task, any_frames=any_frames), _listed(names)
    for name in listed:
        if name != "all" and (name not in known or (any_frames and not known[name].any_frames)):
            what = "unknown protocol" if name not in known else "two folders are not enough for the protocol"
            raise ParamsError(f"protocols: {what} '{shorten(name, 60)}'; choose from {among(['all', *fitting])}")
    every = [name for name in fitting if not known[name].on_request]
    spelt = [each for name in listed for each in (every if name == "all" else [name])]
    return tuple(known[name] for name in dict.fromkeys(spelt) if name in fitting)


def _listed(names: object) -> list[str]:
    """One name or several as a list; they come from users, who may give anything."""
    listed = [names] if isinstance(names, str) else list(names) if isinstance(names, Iterable) else []
    if not listed or not all(isinstance(name, str) for name in listed):
        raise ParamsError(f'protocols: {shorten(repr(names), 60)} names no protocol; give names, or "all"')
    return listed


def score_rows(pair: FramePair, chosen: Sequence[Protocol], number: int) -> list[dict[str, Any]]:
    """Score one frame as score_pair, as rows of a score file.

    Args:
        number: of the frame in its clip, from 1.

    Returns: a row per protocol that applies: its name as protocol, counted, and its metrics.
    Raises:
        EntryPointError: as score_pair.
    """
    scores = score_pair(pair, chosen)
    return [
        {"protocol": protocol.name, "counted": protocol.counted(number) and _informs(pair, protocol),
         **scores[protocol.name]}
        for protocol in chosen if protocol.name in scores
    ]  # fmt: skip


def _informs(pair: FramePair, protocol: Protocol) -> bool:
    try:
        return bool(protocol.informs(pair))
    except Exception as error:
        if protocol in _BUILT_IN:
            raise
        raise EntryPointError(_broken(protocol, f"raised {type(error).__name__}: {error}")) from error


def score_pair(pair: FramePair, chosen: Sequence[Protocol]) -> dict[str, Scores]:
    """Score one frame under each protocol; those that compute the same share one computation.

    Raises:
        EntryPointError: if a protocol of another package fails, or gives what its metrics do not allow.
    """
    scores: dict[Callable[[FramePair], Scores], Scores] = {}
    for protocol in chosen:
        if protocol.score not in scores:
            scores[protocol.score] = _scores(pair, protocol)
    return {protocol.name: scores[protocol.score] for protocol in chosen if scores[protocol.score]}


def _scores(pair: FramePair, protocol: Protocol) -> Scores:
    """Score one frame under one protocol; what another package does wrong is refused in its name."""
    try:
        scores = protocol.score(pair)
    except Exception as error:
        if isinstance(error, PvdbenchError) or protocol in _BUILT_IN:
            raise
        raise EntryPointError(_broken(protocol, f"raised {type(error).__name__}: {error}")) from error
    if fault := scores_fault(protocol, scores):
        raise EntryPointError(_broken(protocol, f"gave what cannot be written: {fault}"))
    return scores


def _broken(protocol: Protocol, what: str) -> str:
    points = load_entry_points(_GROUP).items()
    package = next((package_named(_GROUP, name) for name, value in points if protocol in as_protocols(value)), "?")
    return f"package {package}: the score of protocol '{protocol.name}' {shorten(what, 150)}; mend the package"
