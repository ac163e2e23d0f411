"""Extract frames from an archive: resumable, safe against hostile archives, and only where the disk has room."""

import lzma
import shutil
import stat
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from zipfile import BadZipFile, ZipFile, ZipInfo

from tqdm import tqdm

from pvdbench.core.errors import DataError, WriteError, shorten
from pvdbench.datasets.catalogue import Source
from pvdbench.io.atomic import replaced_file
from pvdbench.io.frame_folders import is_frame


def refuse_full_disk(path: Path, needed: int) -> None:
    """Fail early where disk space does not suffice.

    Args:
        path: what will be written; its folder exists.
        needed: bytes.

    Raises:
        WriteError: with the space needed and free.
    """
    if (free := shutil.disk_usage(path.parent).free) < needed:
        raise WriteError(f"{path}: this needs {needed / 1e9:.3f} GB of disk, and {free / 1e9:.3f} GB are free; free "
                         "space or use another disk, then run again")  # fmt: skip


LARGEST_FRAME = 1 << 26
"""Bytes; a PNG of 1280x720 that does not compress at all has 2.8 million."""
LARGEST_RATIO = 4
"""Of all frames to their archive; JPEG and PNG files compress no further."""
_BROKEN = (BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, NotImplementedError, RuntimeError,
           ValueError, LookupError, OverflowError)  # fmt: skip
"""RuntimeError: encrypted; ValueError: names that are no UTF-8, and numbers that cannot be."""


@dataclass(frozen=True)
class Extracted:
    """What an extraction left in a folder."""

    frames: int
    bytes: int
    written: int  # frames that were not there before


def extract(archive: Path, source: Source, out: Path) -> Extracted:
    """Write a data set's frames out of an archive; frames that are there already, byte for byte, stay.

    Every frame appears whole or not at all, so that a stopped extraction goes on where it was.

    Args:
        archive: a zip file.
        source: which of its folders the data set consists of.
        out: the data set's folder; a frame lies in it as in the archive, from the first of source.folders on.

    Raises:
        DataError: if the archive is no whole zip file, holds a name that leads out of its folder, a link, a bomb, two
            files for one frame, or no frame of the data set.
        WriteError: if the disk is too small.
    """
    if not archive.is_file():
        raise DataError(f"{archive}: this archive is no file; name one")
    try:
        with ZipFile(archive) as opened:
            members = _members(archive, opened.infolist(), source)
            out.mkdir(parents=True, exist_ok=True)
            missing = {target: member for target, member in members.items() if not _is_there(out / target, member)}
            refuse_full_disk(out, sum(member.file_size for member in missing.values()))
            for target, member in tqdm(missing.items(), out.name, unit="frame", mininterval=1):
                _write(opened, member, out / target)
    except _BROKEN as error:
        raise DataError(
            f"{archive}: this is no whole zip archive ({shorten(error)}); delete it and fetch it again"
        ) from error
    return Extracted(len(members), sum(member.file_size for member in members.values()), len(missing))


def _members(archive: Path, members: Sequence[ZipInfo], source: Source) -> dict[Path, ZipInfo]:
    """Map where each frame of a data set will lie to its member, after a check of every name in the archive."""
    frames: dict[Path, ZipInfo] = {}
    for member in members:
        _refuse_unsafe(archive, member)
        target = _target(member, source)
        if target in frames:
            raise DataError(f"{archive}: two files are for {shorten(target)}, '{shorten(frames[target].filename, 60)}' "
                            f"and '{shorten(member.filename, 60)}'; use the publisher's archive")  # fmt: skip
        if target is not None:
            frames[target] = member
    if not frames:
        raise DataError(f"{archive}: no frame lies below {' or '.join(source.folders)} in folders "
                        f"{' and '.join(source.kinds)}; use the publisher's archive")  # fmt: skip
    _refuse_bomb(archive, frames)
    return frames


def _refuse_unsafe(archive: Path, member: ZipInfo) -> None:
    parts = member.filename.replace("\\", "/").split("/")
    if parts[0] == "" or ".." in parts or parts[0].endswith(":"):
        raise DataError(f"{archive}: the name '{shorten(member.filename)}' leads out of its folder; do not trust this "
                        "archive")  # fmt: skip
    kind = stat.S_IFMT(member.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise DataError(f"{archive}: '{shorten(member.filename)}' is a link or a device; do not trust this "
                        "archive")  # fmt: skip


def _refuse_bomb(archive: Path, frames: dict[Path, ZipInfo]) -> None:
    """Refuse frames that would fill the disk; zipfile reads no byte more than a member declares."""
    largest, limit = max(member.file_size for member in frames.values()), LARGEST_RATIO * archive.stat().st_size
    total = sum(member.file_size for member in frames.values())
    if largest > LARGEST_FRAME or total > limit:
        raise DataError(f"{archive}: its largest frame has {largest} bytes and all have {total}, more than "
                        f"{LARGEST_FRAME} and {limit}; do not trust this archive")  # fmt: skip


def _target(member: ZipInfo, source: Source) -> Path | None:
    path = PurePosixPath(member.filename)
    starts = [i for i, part in enumerate(path.parts[:-2]) if part in source.folders]
    if member.is_dir() or not starts or not is_frame(path) or path.parent.name not in source.kinds:
        return None
    return Path(*path.parts[starts[0] :])


def _is_there(path: Path, member: ZipInfo) -> bool:
    try:
        return path.stat().st_size == member.file_size and zlib.crc32(path.read_bytes()) == member.CRC
    except OSError:
        return False


def _write(opened: ZipFile, member: ZipInfo, path: Path) -> None:
    with replaced_file(path) as partial:
        partial.write_bytes(opened.read(member))
