"""The order of frames by their names: that of the numbers in them where these leave no doubt, refused where they do."""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from natsort import natsorted, ns

from pvdbench.core.errors import DataError, shorten

_NUMBER = re.compile(r"\d+")
_DECIMAL = re.compile(r"\d\.\d")
_SIGNED = re.compile(r"(^|[\W_])[-+]\d")
_LAST_NUMBER = re.compile(r"(?P<clip>.+?)[-_. ]*(?<!\d)(?P<number>\d+)\D*")
_FIRST_NUMBER = re.compile(r"(?P<number>\d+)[-_. ]*(?P<clip>\D.*\d.*)")
_TIME = re.compile(r"\d+\.\d+")
_CLIP_AND_NUMBER = re.compile(r"[^\W\d_].*-\d+")
_HEXADECIMAL = re.compile(r"[0-9a-f]+|[0-9A-F]+")


def names_in_order(names: Iterable[str], where: object) -> list[str]:
    """Sort the names of a clip's frames, without their endings, in order of time.

    That is the order of the alphabet where the numbers are padded with zeros, and that of the numbers where they are
    not (9 before 10), as long as the names differ in nothing but numbers.

    Args:
        where: their folder, for the message.

    Raises:
        DataError: if two names are one number in two widths, or one name but for capitals, or if the order is in doubt.
    """
    alphabetical = sorted(names)
    _refuse_twins(alphabetical, where)
    natural: list[str] = natsorted(alphabetical)
    readings = [natural]
    if any(map(_DECIMAL.search, alphabetical)):
        readings.append(natsorted(alphabetical, alg=ns.FLOAT | ns.NOEXP))
    if any(map(_SIGNED.search, alphabetical)):
        readings.append(natsorted(alphabetical, alg=ns.SIGNED))
    if all(reading == alphabetical for reading in readings):
        return alphabetical
    if all(reading == natural for reading in readings) and _counts_up(alphabetical):
        return natural
    if _are_hexadecimal(alphabetical):
        return alphabetical
    raise DataError(f"{where}: the names of its frames do not tell their order ({_disagreement(readings, alphabetical)}"
                    "); pad their numbers with zeros to one width: 0009, 0010")  # fmt: skip


def frame_numbers(names: Sequence[str]) -> list[int] | None:
    """The number of each frame where the names differ in one number alone; None where they do not."""
    if len({_text(name) for name in names}) != 1:
        return None
    varying = [column for column in zip(*map(_numbers, names), strict=True) if len(set(column)) > 1]
    return list(varying[0]) if len(varying) == 1 else None


def kinds_of_names(names: Iterable[str]) -> list[str]:
    """What the names are but for their numbers, # in their place, each once; nothing where no name has a number.

    Nothing, too, where the names are hexadecimal numbers, which begin or end with any letter.
    """
    names = list(names)
    kinds = [] if _are_hexadecimal(names) else list(dict.fromkeys(map(_text, names)))
    return kinds if any("#" in kind for kind in kinds) else []


def name_key(name: str) -> tuple[str, tuple[int, ...]]:
    """What two names of one frame share: everything but zeros before numbers, capitals, and how accents are encoded."""
    return unicodedata.normalize("NFC", _text(name)).casefold(), _numbers(name)


def clips_by_name(frames: Mapping[str, Path]) -> dict[str, dict[str, Path]]:
    """Group the frames of one folder that are called VIDEO-FRAME, such as GOPR0384_11_00-000001, by their videos.

    Returns: the frames of each video by their numbers; nothing unless there are several videos, of several frames.
    """
    if not all(map(_CLIP_AND_NUMBER.fullmatch, frames)):
        return {}
    clips: dict[str, dict[str, Path]] = {}
    for name, path in frames.items():
        clip, number = name.rsplit("-", 1)
        clips.setdefault(clip.rstrip("-_. "), {})[number] = path
    whole = sum(map(len, clips.values())) == len(frames)
    return clips if whole and 1 < len(clips) <= len(frames) / 2 else {}


def seeming_clips(names: Iterable[str]) -> list[str]:
    """Say of which clips the frames of one folder seem to be by their names, the clip first or last; nothing if of one.

    A clip has two frames, or else their names are VIDEO-FRAME; a name such as 12.5 is a time.
    """
    names = list(names)
    least = 1 if all(map(_CLIP_AND_NUMBER.fullmatch, names)) else 2
    for pattern in (_LAST_NUMBER, _FIRST_NUMBER):
        found = [pattern.fullmatch(name) for name in names]
        clips = list(dict.fromkeys(match["clip"] for match in found if match))
        if all(found) and least * len(clips) <= len(names) and len(kinds_of_names(names)) <= len(clips):
            return clips if len(clips) > 1 and not all(map(_TIME.fullmatch, names)) else []
    return []


def _are_hexadecimal(names: Sequence[str]) -> bool:
    return len(set(map(len, names))) == 1 and all(map(_HEXADECIMAL.fullmatch, names))


def _text(name: str) -> str:
    return _NUMBER.sub("#", name)


def _numbers(name: str) -> tuple[int, ...]:
    return tuple(int(number) for number in _NUMBER.findall(name))


def _refuse_twins(names: Iterable[str], where: object) -> None:
    """Refuse 1 beside 01, and a beside A, which some disks cannot tell apart."""
    seen: dict[object, str] = {}
    for name in names:
        key = name_key(name)
        if key in seen:
            raise DataError(f"{where}: '{shorten(seen[key], 60)}' and '{shorten(name, 60)}' name one frame twice; keep "
                            "one of them, and pad numbers with zeros to one width")  # fmt: skip
        seen[key] = name


def _counts_up(names: Sequence[str]) -> bool:
    """Whether numbers alone tell the names apart, and only the shortest have leading zeros, as programs count."""
    if len({_text(name) for name in names}) > 1:
        return False
    for column in zip(*map(_NUMBER.findall, names), strict=True):
        width = min(map(len, column))
        if any(len(number) > width and number.startswith("0") for number in column):
            return False
    return True


def _disagreement(readings: Sequence[Sequence[str]], alphabetical: Sequence[str]) -> str:
    """Two names that one reading of their numbers has in another order than another."""
    other = next(reading for reading in readings if list(reading) != list(alphabetical))
    one, two = next(pair for pair in zip(alphabetical, other, strict=True) if pair[0] != pair[1])
    return f"'{shorten(one, 60)}' or '{shorten(two, 60)}' first?"
