"""Whose fault it is, in every combination: data's and the system's stop the stage; the method's skip its row alone."""

import errno
import os
import sys
from pathlib import Path

import pytest
from fake_method import write_method
from PIL import Image, PngImagePlugin
from sample_clips import view

from pvdbench.core.errors import MethodError, PvdbenchError
from pvdbench.inference.runner import RowRun, run_row
from pvdbench.io.frame_folders import read_failure
from pvdbench.io.weights import save_weights

DENIED = {}
"""Paths that this process cannot open (root may open anything), and the error number."""


def _deny(event, words):
    if DENIED and event == "open" and str(words[0]) in DENIED:
        code = DENIED[str(words[0])]
        raise OSError(code, os.strerror(code), str(words[0]))


sys.addaudithook(_deny)


@pytest.fixture(autouse=True)
def allow():
    yield
    DENIED.clear()


def row(place, dataset, tmp_path, **how):
    files = (tmp_path / "results" / file for file in ("out", "complexity.json", "cost.json", "x.log"))
    return RowRun("deblur", "infer deblur tiny ours", "ours", place, "x", how.pop("trained", None), dataset, *files,
                  threads=1, **how)  # fmt: skip


RAISED = {
    "a full disk": "raise OSError(28, 'No space left on device')",
    "no permission": "open_ = OSError(13, 'Permission denied', '/data/x'); raise open_",
    "a bad disk": "raise OSError(5, 'Input/output error')",
    "a missing file": "open('/nowhere/x')",
    "no memory": "raise MemoryError('x')",
    "a wrong key": "raise KeyError('x')",
    "an exit": "raise SystemExit(0)",
    "an interrupt": "raise KeyboardInterrupt",
    "an error of ours about data": "from pvdbench.core.errors import DataError; raise DataError('x')",
    "an error of ours about disks": "from pvdbench.core.errors import WriteError; raise WriteError('x')",
    "a death": "import os; os.kill(os.getpid(), 9)",
}
WHERE = ("import", "load", "warm-up", "after the warm-up")


def failing(place, raised, where):
    deblur = {
        "warm-up": f"{raised}\n        yield",
        "after the warm-up": f"yield from list(clip)[:3]\n        {raised}\n        yield clip[3]",
    }.get(where, "yield from clip")
    write_method(place, "x", load=raised if where == "load" else "pass", deblur=deblur)
    if where == "import":
        (place / "x" / "adapter.py").write_text(raised)
    return place


@pytest.mark.parametrize("where", WHERE)
@pytest.mark.parametrize("raised", RAISED)
def test_a_method_s_fault_skips_its_row(dataset, tmp_path, raised, where):
    run = row(failing(tmp_path / "m", RAISED[raised], where), dataset, tmp_path)
    assert (reason := run_row(run)) and read_failure(run.out) == reason and len(reason) < 300


def text_bomb(path):
    info = PngImagePlugin.PngInfo()
    info.add_text("x", "x" * (PngImagePlugin.MAX_TEXT_CHUNK * 2), zip=True)
    Image.fromarray(view(0)).save(path, format="PNG", pnginfo=info)


def eps(path):
    Image.new("RGB", (64, 48)).save(path, format="EPS")


def folder(path):
    path.unlink()
    path.mkdir()


def cut(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


DAMAGE = {
    "not there": Path.unlink, "a folder": folder, "cut off": cut, "empty": lambda path: path.write_bytes(b""),
    "a text bomb": text_bomb, "EPS": eps,
    "no permission": lambda path: DENIED.__setitem__(str(path), errno.EACCES),
    "a bad disk": lambda path: DENIED.__setitem__(str(path), errno.EIO),
}  # fmt: skip
FILES = ("manifest.csv", "b/input/00001.png", "b/GT/00001.png", "b/input/00000.png")


def stops(run, said=""):
    with pytest.raises(PvdbenchError) as stopped:
        run_row(run)
    assert not isinstance(stopped.value, MethodError)
    assert said in (line := str(stopped.value)) and "\n" not in line and len(line) < 300
    assert not run.out.exists() and not run.cost.exists()


@pytest.mark.parametrize("deblur", ["yield from clip", "raise ValueError('x')\n        yield"])
@pytest.mark.parametrize("damage", DAMAGE)
@pytest.mark.parametrize("file", FILES)
def test_a_fault_of_the_data_set_stops_the_stage_whatever_the_method_does(dataset, tmp_path, file, damage, deblur):
    DAMAGE[damage](dataset / file)
    if file == "b/GT/00001.png" and damage not in ("not there", "a folder", "empty") and "clip" in deblur:
        deblur = "yield from (frame.flip(0) for frame in clip); raise ValueError('x')"
    stops(row(write_method(tmp_path / "m", "x", deblur=deblur), dataset, tmp_path), Path(file).name)


@pytest.mark.parametrize("load", ["pass", "raise ValueError('x')", "open(weights['network'], 'rb').read(9)[8]"])
@pytest.mark.parametrize("damage", ["a folder", "cut off", "empty", "no permission", "a bad disk"])
def test_a_fault_of_trained_weights_stops_the_stage(dataset, tmp_path, damage, load):
    save_weights(file := tmp_path / "w.safetensors", {}, {"network": "x"})
    DAMAGE[damage](file)
    place = write_method(tmp_path / "m", "x", load=load)
    stops(row(place, dataset, tmp_path, trained=file), "w.safetensors")


def test_weights_that_are_not_there_stop_the_stage_of_a_method_that_wants_them(dataset, tmp_path):
    gone, load = tmp_path / "w.safetensors", "from pvdbench.core.errors import WeightsError; raise WeightsError('none')"
    stops(row(write_method(tmp_path / "m", "x", load=load), dataset, tmp_path, trained=gone), "w.safetensors")
    assert run_row(row(write_method(tmp_path / "n", "x"), dataset, tmp_path, trained=gone)) == ""  # it wants none


CARD = "weights: {{net: {{file: net.safetensors{sha}}}}}\nneeds: ask the authors\n"


@pytest.mark.parametrize("damage", ["cut off", "empty", "no permission", "a bad disk"])
@pytest.mark.parametrize("sha", ["", f", sha256: {'a' * 64}"])
def test_a_fault_of_published_weights_stops_the_stage(dataset, tmp_path, damage, sha):
    load = "from safetensors.torch import load_file; load_file(weights['net']); 1 / 0"
    place = write_method(tmp_path / "m", "x", card=CARD.format(sha=sha), load=load)
    save_weights(place / "x" / "net.safetensors", {}, {"network": "x"})
    DAMAGE[damage](place / "x" / "net.safetensors")
    stops(row(place, dataset, tmp_path), "net.safetensors")


def test_published_weights_that_nobody_has_put_there_skip_the_row(dataset, tmp_path):
    place = write_method(tmp_path / "m", "x", card=CARD.format(sha=""))
    assert "are not there; ask the authors" in run_row(row(place, dataset, tmp_path))


def test_code_that_cannot_be_read_stops_the_stage(dataset, tmp_path):
    place = write_method(tmp_path / "m", "x", load="1 / 0")
    DENIED[str(place / "x" / "adapter.py")] = errno.EACCES
    stops(row(place, dataset, tmp_path), "adapter.py")


PLACES = {
    "a frame is written": ("pvdbench.inference.results.write_frame", None),
    "its cost is": ("pvdbench.io.cost.Path.write_text", None),
    "its reason is": ("pvdbench.inference.runner.write_failure", "1 / 0\n        yield"),
    "a folder is made for it": ("tempfile.mkdtemp", None),
    "copies are made for it": ("shutil.copyfile", None),
    "its process is started": ("pvdbench.methods.isolation._start", None),
    "its files are listed": ("pvdbench.inference.runner.kept_files", None),
}


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO, errno.EACCES, errno.EROFS, errno.EDQUOT, errno.EAGAIN])
@pytest.mark.parametrize("when", PLACES)
def test_a_fault_of_the_machine_stops_the_stage(dataset, tmp_path, monkeypatch, when, code):
    def fail(*_, **__):
        raise OSError(code, os.strerror(code))

    place, deblur = PLACES[when]
    run = row(write_method(tmp_path / "m", "x", deblur=deblur or "yield from clip"), dataset, tmp_path)
    monkeypatch.setattr(place, fail)
    with pytest.raises(PvdbenchError) as stopped:
        run_row(run)
    assert not isinstance(stopped.value, MethodError) and os.strerror(code) in str(stopped.value)
    assert len(str(stopped.value)) < 300 and not run.cost.exists() and not list(tmp_path.rglob("*.partial"))
