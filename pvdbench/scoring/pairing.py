"""Which estimate belongs to which truth, of the frames in any two folders: by their names, or by their order."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from unicodedata import normalize

from pvdbench.core.errors import DataError, shorten
from pvdbench.core.notice import notice
from pvdbench.io.clip_folders import clip_files
from pvdbench.io.frame_order import frame_numbers, kinds_of_names, name_key

Clip = Mapping[str, Path]


@dataclass(frozen=True)
class PairedFrame:
    """An estimate and its truth: the truth's name and number (from 1) in its clip, and both files."""

    clip: str
    name: str
    number: int
    estimate: Path
    truth: Path


def pair_folders(truth: Path, estimate: Path, offset: int | None) -> list[PairedFrame]:
    """Pair the frames of two folders, clip by clip (clip_folders says what a clip is).

    Args:
        offset: None pairs by name, where zeros before numbers and capitals make no difference. A number pairs by order,
            the first estimate with the truth so many frames later; the ends that have no partner are left out with a
            notice.

    Raises:
        DataError: if a clip or frame has no partner, if more estimates are there than truths, if the names of frames
            say that the order is not that of the truths, or if a name is no UTF-8.
    """
    truths, estimates = _clips(truth), _clips(estimate)
    estimates = _called_as(truths, estimates)
    for clips, folder, other in ((truths, estimate, estimates), (estimates, truth, truths)):
        if missing := sorted(clips.keys() - other.keys()):
            there = shorten(", ".join(sorted(other.keys() - clips.keys())), 60)
            there = "frames right in it" if there == "." else there
            advice = f"it has {there}: give both the same clips" if there else "add them or remove the others"
            what = "right in it" if missing[0] == "." else f"of the clip '{shorten(missing[0], 60)}'"
            raise DataError(f"{folder} has no frames {what}; {len(missing)} of {len(clips)} clips are missing there; "
                            f"{advice}")  # fmt: skip
    pairs = [
        PairedFrame(clip, *paired)
        for clip in truths
        for paired in (
            _by_name(truths[clip], estimates[clip])
            if offset is None
            else _by_order(truths[clip], estimates[clip], offset)
        )
    ]
    if offset is not None:
        _tell_left_out(truths, estimates, len(pairs), offset)
    return pairs


def _clips(folder: Path) -> dict[str, dict[str, Path]]:
    clips = clip_files(folder)
    for text in (folder.resolve().name, *(name for clip, frames in clips.items() for name in (clip, *frames))):
        try:
            text.encode()
        except UnicodeEncodeError:
            raise DataError(f"{folder}: the name '{text}' in it is no UTF-8, and score files are; rename it, "
                            "or set LC_ALL=C.UTF-8 if it looks right there") from None  # fmt: skip
    return clips


def _called_as(truths: Mapping[str, dict[str, Path]], clips: dict[str, dict[str, Path]]) -> dict[str, dict[str, Path]]:
    """Call clips as the truth does where nothing but the encoding of accents differs, which macOS has another of."""
    theirs = {normalize("NFC", name): name for name in truths}
    called = {name: theirs.get(normalize("NFC", name), name) for name in clips}
    return clips if len({*called.values()}) < len(clips) else {called[name]: clip for name, clip in clips.items()}


def _by_name(truths: Clip, estimates: Clip) -> Iterator[tuple[str, int, Path, Path]]:
    theirs, ours = ({name_key(name): name for name in clip} for clip in (truths, estimates))
    for keys, others, clip, partners, what in (
        (theirs, ours, truths, estimates, "estimate"), (ours, theirs, estimates, truths, "truth"),
    ):  # fmt: skip
        if alone := [name for key, name in keys.items() if key not in others]:
            count = f"{len(alone)} of {len(clip)} have none"
            raise DataError(f"{clip[alone[0]]} has no {what} of its name in {_folder(partners)}; {count}: "
                            f"{_advice(truths, estimates, bool(theirs.keys() & ours.keys()))}")  # fmt: skip
    for number, (key, name) in enumerate(theirs.items(), start=1):
        yield name, number, estimates[ours[key]], truths[name]


def _advice(truths: Clip, estimates: Clip, some: bool) -> str:
    """What to do; pairing by order is none where names tell pairs, or where there are files that have no partner."""
    if some and _count_from_elsewhere(truths, estimates):
        return "if only their count begins elsewhere, pair by order with --frame-offset 0; else make or remove them"
    if some or len(estimates) > len(truths) or len(kinds_of_names(estimates)) > 1:
        return "make them, or remove the others"
    return "give both the same names, or pair by order with --frame-offset"


def _count_from_elsewhere(truths: Clip, estimates: Clip) -> bool:
    """Whether both may be the same frames, one counted from 0 and the other from 1, say, so that their names shift."""
    theirs, ours = frame_numbers(list(truths)), frame_numbers(list(estimates))
    if theirs is None or ours is None or len(theirs) != len(ours):
        return False
    return len({number - other for number, other in zip(theirs, ours, strict=True)}) == 1


def _by_order(truths: Clip, estimates: Clip, offset: int) -> Iterator[tuple[str, int, Path, Path]]:
    names, ours = list(truths), list(estimates)
    places = range(max(offset, 0), min(len(names), len(ours) + offset))
    if not places:
        raise DataError(f"{_folder(estimates)}: an offset of {offset} pairs none of these frames with the {len(names)} "
                        "of the truth; give another --frame-offset")  # fmt: skip
    surplus = ours[max(len(names) - offset, 0) :]
    if surplus:
        here, there = len(ours) + min(offset, 0), len(names) - max(offset, 0)
        raise DataError(f"{_folder(estimates)}: {here} estimates for {there} truths by --frame-offset {offset}; "
                        f"{len(surplus)} are surplus by order ({shorten(', '.join(surplus), 60)}): keep only one file "
                        "per estimate there, or give another offset")  # fmt: skip
    _check_order([names[i] for i in places], [ours[i - offset] for i in places], _folder(estimates))
    first, keys = places[0], set(map(name_key, names))
    pair = names[first], ours[first - offset]
    if len(names) != len(ours) and name_key(pair[0]) != name_key(pair[1]) and keys.issuperset(map(name_key, ours)):
        notice(f"{_folder(estimates)}: every estimate has a truth of its name, and pairs by order are others: "
               f"{shorten(pair[0], 60)} and {shorten(pair[1], 60)}, say")  # fmt: skip
    for i in places:
        yield names[i], i + 1, estimates[ours[i - offset]], truths[names[i]]


def _check_order(truths: Sequence[str], estimates: Sequence[str], where: Path) -> None:
    """Refuse to pair by order where names tell that it would go wrong: two kinds of files, or a gap in the middle."""
    for names, what in ((truths, "truths"), (estimates, "estimates")):
        if len(kinds := kinds_of_names(names)) > 1:
            raise DataError(f"{where}: the names of the {what} are of {len(kinds)} kinds, {shorten(kinds[0], 40)} and "
                            f"{shorten(kinds[1], 40)}, so their order is not that of time; keep one kind")  # fmt: skip
    ours, theirs = frame_numbers(estimates), frame_numbers(truths)
    if ours is None:
        return
    steps = [after - before for before, after in pairwise(ours)]
    alike = theirs is not None and len({a - b for a, b in zip(theirs, ours, strict=True)}) == 1
    gaps = [i for i, step in enumerate(steps) if 2 * step >= 3 * min(steps)]  # times of frames are unequal, but little
    if gaps and not alike:
        gap = gaps[0]
        raise DataError(f"{where}: frames are missing between '{shorten(estimates[gap], 50)}' and "
                        f"'{shorten(estimates[gap + 1], 50)}', so that pairs by order would be wrong; make them, or "
                        "pair by name")  # fmt: skip


def _folder(clip: Clip) -> Path:
    return next(iter(clip.values())).parent


def _tell_left_out(truths: Mapping[str, Clip], estimates: Mapping[str, Clip], pairs: int, offset: int) -> None:
    parts = [f"{count} {what}" for clips, what in ((truths, "truths"), (estimates, "estimates"))
             if (count := sum(map(len, clips.values())) - pairs)]  # fmt: skip
    if parts:
        notice(f"--frame-offset {offset}: {' and '.join(parts)} at the ends of clips have no partner and are left out")
