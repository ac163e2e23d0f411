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
_LAST_NUMBER = re.compile(r"(?P<before>.+?)[-_. ]*(?<!\d)(?P<number>\d+)")
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
    if len(set(map(len, alphabetical))) == 1 and all(map(_HEXADECIMAL.fullmatch, alphabetical)):
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
    """What the names are but for their numbers, # in their place, each once; nothing where no name has a number."""
    kinds = list(dict.fromkeys(map(_text, names)))
    return kinds if any("#" in kind for kind in kinds) else []


def name_key(name: str) -> tuple[str, tuple[int, ...]]:
    """What two names of one frame share: everything but zeros before numbers, capitals, and how accents are encoded."""
    return unicodedata.normalize("NFC", _text(name)).casefold(), _numbers(name)


def clips_by_name(frames: Mapping[str, Path]) -> dict[str, dict[str, Path]]:
    """Group the frames of one folder by what stands before the last number of their names, such as GOPR0384_11_00.

    Returns: the frames of each group by that number; nothing unless there are several groups, of several frames.
    """
    clips: dict[str, dict[str, Path]] = {}
    for name, path in frames.items():
        if (match := _LAST_NUMBER.fullmatch(name)) is None:
            return {}
        clips.setdefault(match["before"], {})[match["number"]] = path
    whole = sum(map(len, clips.values())) == len(frames)
    return clips if whole and 1 < len(clips) <= len(frames) / 2 else {}


def is_clip_and_number(name: str) -> bool:
    """Tell whether a frame's name is of the form VIDEO-FRAME, as flat copies of GoPro have it."""
    return _CLIP_AND_NUMBER.fullmatch(name) is not None


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
