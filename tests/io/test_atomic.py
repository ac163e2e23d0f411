import errno
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from pvdbench.core.errors import WriteError
from pvdbench.io import atomic
from pvdbench.io.atomic import replaced_file, replaced_folder


def test_a_file_replaces_the_old_one_whole(tmp_path):
    path = tmp_path / "deep" / "a.txt"
    for text in ("old", "new"):
        with replaced_file(path) as partial:
            partial.write_text(text)
    assert path.read_text() == "new"
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path, error):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises((WriteError, KeyboardInterrupt)), replaced_file(path) as partial:
        partial.write_text("half")
        raise error
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_is_on_the_disk_before_it_has_its_name(tmp_path, monkeypatch):
    """After a power cut a name must not stand for bytes that were never written; some disks say so only then."""
    path = tmp_path / "a.txt"
    path.write_text("old")

    def full(number):
        assert os.fstat(number).st_size == 3 and path.read_text() == "old"
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(WriteError, match="No space left on device"), replaced_file(path) as partial:
        partial.write_text("new")
    assert path.read_text() == "old" and list(tmp_path.iterdir()) == [path]


def test_a_failure_leaves_the_old_folder_and_nothing_else(tmp_path):
    out = tmp_path / "out"
    with replaced_folder(out) as folder:
        (folder / "a").write_text("old")
    with pytest.raises(WriteError, match=r"cannot write .*out: No space left on device; the previous"), \
         replaced_folder(out) as folder:  # fmt: skip
        (folder / "b").write_text("half")
        raise OSError(28, "No space left on device")
    assert [p.name for p in out.iterdir()] == ["a"]
    assert list(tmp_path.iterdir()) == [out]


def test_a_folder_replaces_the_old_one_whole(tmp_path):
    for name in ("a", "b"):
        with replaced_folder(tmp_path / "out") as folder:
            (folder / name).touch()
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["b"]
    assert list(tmp_path.iterdir()) == [tmp_path / "out"]


LIMITED = """
import signal, sys
from pathlib import Path
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
import numpy as np, torch
from pvdbench.io.weights import save_weights
from pvdbench.io.images import write_frame
from pvdbench.io.atomic import replaced_folder
from pvdbench.core.errors import WriteError
from pvdbench.io import atomic
out = Path(sys.argv[1])
try:
    if out.suffix:
        save_weights(out, {"w": torch.zeros(100_000)}, {})
    else:
        with replaced_folder(out) as folder:
            write_frame(folder / "f.png", np.random.default_rng(0).integers(0, 256, (200, 200, 3), np.uint8))
except WriteError as error:
    print(error)
"""


@pytest.mark.parametrize("name", ["w.safetensors", "frames"])
def test_a_disk_that_takes_no_more_is_one_line_and_loses_nothing(tmp_path, name):
    """The limit on file size stands in for a full disk: a real write fails half-way."""
    out = tmp_path / name
    run = subprocess.run(
        [sys.executable, "-c", LIMITED, out], capture_output=True, text=True, check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000)),
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    assert f"cannot write {out}: " in run.stdout
    assert list(tmp_path.iterdir()) == []


def test_a_file_appears_at_once_and_the_old_one_is_never_written_into(tmp_path):
    """Renamed, not copied: whoever has the old file open or linked keeps its bytes, and the new one is another file."""
    path, kept = tmp_path / "a.txt", tmp_path / "kept.txt"
    path.write_text("old")
    os.link(path, kept)
    with path.open() as reader:
        with replaced_file(path) as partial:
            partial.write_text("new")
            written = partial.stat().st_ino
        assert reader.read() == "old"
    assert (path.read_text(), kept.read_text()) == ("new", "old")
    assert path.stat().st_ino == written != kept.stat().st_ino


def test_a_folder_appears_at_once(tmp_path):
    out = tmp_path / "out"
    with replaced_folder(out) as partial:
        (partial / "a").write_text("old")
    with replaced_folder(out) as partial:
        (partial / "a").write_text("new")
        folder, file = partial.stat().st_ino, (partial / "a").stat().st_ino
        assert (out / "a").read_text() == "old"
    assert (out.stat().st_ino, (out / "a").stat().st_ino) == (folder, file)


def test_a_place_that_cannot_be_written_is_said_as_it_is(tmp_path):
    """Removing the temporary file fails for the same reason, and must not hide it."""
    (tmp_path / "file").write_text("")
    for write in (replaced_file, replaced_folder):
        with pytest.raises(WriteError, match=r"cannot write .*file/x: (Not a directory|File exists); the previous"), \
             write(tmp_path / "file" / "x"):  # fmt: skip
            pass
        with pytest.raises(WriteError, match="File name too long"), write(tmp_path / ("x" * 300)):
            pass


def test_a_folder_that_cannot_take_its_place_leaves_the_previous_one(tmp_path, monkeypatch):
    folder, rename = tmp_path / "made", Path.rename
    folder.mkdir()
    (folder / "old").touch()

    def refuse(path, target):
        if path.name.endswith(".partial") and target == folder and not path.name.endswith(".old.partial"):
            raise OSError(errno.EACCES, "refused")
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(WriteError, match="the previous version is untouched"), replaced_folder(folder) as partial:
        (partial / "new").touch()
    assert [path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*")] == ["made", "made/old"]


def write_file(path):
    with replaced_file(path) as partial:
        partial.write_text("new")


def write_folder(path):
    with replaced_folder(path) as partial:
        (partial / "deep").mkdir()
        (partial / "deep" / "a").write_text("new")


def content(path):
    if path.is_file():
        return path.read_text()
    return {file.name: file.read_text() for file in path.rglob("*") if file.is_file()}


@pytest.mark.parametrize("code", [errno.EIO, errno.ENOSPC, errno.EDQUOT])
@pytest.mark.parametrize("before", ["old", None])
@pytest.mark.parametrize("write", [write_file, write_folder])
def test_whichever_flush_fails_the_previous_version_stays(tmp_path, monkeypatch, write, before, code):
    path, calls = tmp_path / "out", []
    for failing in range(1, 10):
        if before and not path.exists():
            monkeypatch.undo()
            write(path)
        there = content(path) if before else None
        calls.clear()

        def fail(number, failing=failing):
            calls.append(number)
            if len(calls) == failing:
                raise OSError(code, os.strerror(code))

        monkeypatch.setattr(os, "fsync", fail)
        try:
            write(path)
        except WriteError as error:
            assert str(error).startswith(f"cannot write {path}: {os.strerror(code)}; the previous version is untouched")
            assert (content(path) if before else path.exists()) == (there or False)
            assert list(tmp_path.iterdir()) == ([path] if before else [])
        else:
            break
    assert failing == {write_file: 3, write_folder: 5}[write]  # the file, its folders and the one that holds the name


@pytest.mark.parametrize("write", [write_file, write_folder])
def test_where_folders_cannot_be_flushed_the_work_goes_on(tmp_path, monkeypatch, write):
    def unknown(number):
        if Path(f"/proc/self/fd/{number}").is_dir():
            raise OSError(errno.EINVAL, "Invalid argument")

    monkeypatch.setattr(os, "fsync", unknown)
    write(tmp_path / "out")
    assert content(tmp_path / "out") in ("new", {"a": "new"})


def test_a_folder_of_many_files_is_flushed_at_once(tmp_path, monkeypatch):
    calls = []
    monkeypatch.setattr(os, "fsync", calls.append)
    monkeypatch.setattr(atomic, "_flush_file_system", calls.append)
    with replaced_folder(tmp_path / "out") as partial:
        for number in range(300):
            (partial / str(number)).touch()
    assert calls[0] == partial and len(calls) == 3


def test_a_file_system_that_cannot_be_flushed_leaves_the_previous_folder(tmp_path, monkeypatch):
    write_folder(tmp_path / "out")

    def full(folder):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(atomic, "_flush_file_system", full)
    monkeypatch.setattr(atomic, "_FLUSHED_ALONE", 1)
    with pytest.raises(WriteError, match="No space left"):
        write_folder(tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["out"] and content(tmp_path / "out") == {"a": "new"}


def test_without_second_names_a_whole_version_stays(tmp_path, monkeypatch):
    """FAT and some network disks have no hard links: the new version is whole, and the old one is gone."""
    (path := tmp_path / "out").write_text("old")

    def none(*_):
        raise OSError(errno.EPERM, "Operation not permitted")

    def fail(number):
        if Path(f"/proc/self/fd/{number}").is_dir():
            raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "link", none)
    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(WriteError, match="Input/output error"):
        write_file(path)
    assert path.read_text() == "new" and list(tmp_path.iterdir()) == [path]
