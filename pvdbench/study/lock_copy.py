"""The last good copy of each dvc.lock, put back where a killed DVC left half a file."""

import shutil
from collections.abc import Iterable
from pathlib import Path

from pvdbench.core.errors import StudyError
from pvdbench.core.notice import notice
from pvdbench.io.atomic import replaced_file
from pvdbench.study.lock import read_lock

_FOLDER = "pvdbench"  # in .dvc/tmp, which Git ignores


def keep_copy(lock: Path, temporary: Path) -> None:
    """Copy a dvc.lock that was just written.

    Args:
        temporary: .dvc/tmp of the repository.
    """
    copy = _copy_of(lock, temporary)
    with replaced_file(copy) as partial:
        shutil.copyfile(lock, partial)


def restore_locks(folders: Iterable[Path], temporary: Path) -> None:
    """Put back the copy of each dvc.lock that is damaged, and remove what a killed `study run` left beside it.

    Args:
        folders: each may have a dvc.lock.

    Raises:
        StudyError: if one is damaged and there is no copy.
    """
    for folder in folders:
        lock = whole = folder / "dvc.lock"
        if not lock.exists():
            continue
        try:
            read_lock(folder)
        except StudyError as error:
            whole = _copy_of(lock, temporary)
            if not whole.is_file():
                raise
            notice(f"{lock}: was damaged, as by a killed DVC; put back as `study run` last wrote it: {error}")
        killed = any(folder.glob("dvc.lock.*.partial"))  # while it wrote; replaced_file removes what it left
        if whole != lock or killed:
            with replaced_file(lock) as partial:
                shutil.copyfile(whole, partial)


def require_whole(lock: Path, temporary: Path) -> None:
    """Refuse a damaged dvc.lock, and say what puts it back.

    Raises:
        StudyError: if it is damaged.
    """
    try:
        read_lock(lock.parent)
    except StudyError as error:
        if not _copy_of(lock, temporary).is_file():
            raise
        raise StudyError(f"{lock}: damaged, as by a DVC that was killed while it wrote; `pvdbench study run` puts its "
                         "last good copy back") from error  # fmt: skip


def _copy_of(lock: Path, temporary: Path) -> Path:
    place = lock.resolve().relative_to(temporary.resolve().parent.parent)
    return temporary / _FOLDER / str(place).replace("/", "--")
