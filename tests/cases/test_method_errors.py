"""A method's errors are the method's: one line, a skipped row or exit 2; other people's damage stops the study."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from command import one_line, pvdbench_here
from conftest import METHODS, ROOT
from fake_method import CARD, write_method
from PIL import PngImagePlugin
from sample_clips import clip, save, video, view

from pvdbench.core.errors import DataError, ParamsError, WeightsError
from pvdbench.inference.apply import deblur_frames
from pvdbench.inference.row_run import RowRun
from pvdbench.inference.runner import run_row
from pvdbench.io.frame_folders import read_failure
from pvdbench.io.images import read_frame
from pvdbench.methods.card import read_card
from pvdbench.methods.clip import VideoClip
from pvdbench.methods.loading import load_deblurrer

OOM = "raise __import__('torch').OutOfMemoryError('CUDA out of memory. Tried to allocate 20.00 GiB')"


def run(place, dataset, tmp_path, name="x", **how):
    files = (tmp_path / file for file in ("out", "complexity.json", "cost.json", "x.log"))
    how = {"trained": None} | how
    trained = how.pop("trained")
    return run_row(RowRun("deblur", "stage", "ours", place, name, trained, dataset, *files, threads=1, **how))


@pytest.mark.parametrize("name", ["pvdnet", "deepdeblur", "srn", "dvd", "ovd", "ifirnn", "edvr"])
def test_a_network_without_weights_deblurs_nothing(tmp_path, name):
    clip(tmp_path / "in", "012")
    line = one_line(pvdbench_here("deblur", "in", "--method", name, "--methods", METHODS, "--out", "o", cwd=tmp_path))
    assert "--weights" in line and not (tmp_path / "o").exists()


MEMORY = [
    OOM,
    "raise MemoryError('Unable to allocate 20.0 GiB for an array')",
    "raise RuntimeError('[enforce fail at alloc_cpu.cpp:117] . DefaultCPUAllocator: can\\'t allocate memory')",
    "import numpy; numpy.empty((1 << 50,), float)",
]


@pytest.mark.parametrize("raised", MEMORY)
@pytest.mark.parametrize("where", ["load", "deblur"])
def test_out_of_memory_is_one_line_with_a_hint(tmp_path, raised, where):
    clip(tmp_path / "in", "012")
    write_method(tmp_path / "m", "oom", **{where: raised + ("\n        yield" if where == "deblur" else "")})
    line = one_line(pvdbench_here("deblur", "in", "--method", "oom", "--methods", "m", "--out", "o", cwd=tmp_path))
    assert "oom: the method raised " in line and "take smaller frames" in line and "GiB of memory" in line
    assert not (tmp_path / "o").exists()


@pytest.mark.parametrize("raised", ["raise KeyError('x')", "import sys; sys.exit(0)", "1 / 0", "open('/nowhere/x')"])
def test_whatever_else_a_method_raises_is_one_line_too(tmp_path, raised):
    clip(tmp_path / "in", "012")
    write_method(tmp_path / "m", "x", deblur=f"yield clip[0]\n        {raised}")
    line = one_line(pvdbench_here("deblur", "in", "--method", "x", "--methods", "m", "--out", "o", cwd=tmp_path))
    assert "x: the method raised" in line and "(adapter.py, line" in line and not (tmp_path / "o").exists()


ODD = {
    "cancelled": ("import asyncio; raise asyncio.CancelledError\n        yield", "raised CancelledError"),
    "an error without a text": (
        "class E(Exception):\n            def __str__(self): 1 / 0\n        raise E\n        yield", "raised E"),
    "a list": ("return list(clip)", "deblur returned a list; yield"),
    "nothing": ("return None", "deblur returned a NoneType; yield"),
    "bytes": ("yield from ((frame * 255).to(torch.uint8) for frame in clip)", "a tensor of torch.uint8"),
    "noughts and ones": ("yield from (frame > 0.5 for frame in clip)", "a tensor of torch.bool"),
    "complex": ("yield from (frame.to(torch.complex64) for frame in clip)", "a tensor of torch.complex64"),
    "sparse": ("yield from (frame.to_sparse() for frame in clip)", "torch.sparse_coo"),
    "meta": ("yield from (frame.to('meta') for frame in clip)", "on meta"),
    "just above 1": ("yield from (frame * 0 + 1.000001 for frame in clip)", "to 1.000001, not in [0, 1]"),
}  # fmt: skip


@pytest.mark.parametrize(("deblur", "said"), ODD.values(), ids=ODD)
def test_what_is_no_frame_is_one_line(tmp_path, deblur, said):
    clip(tmp_path / "in", "012")
    write_method(tmp_path / "m", "x", deblur=deblur)
    line = one_line(pvdbench_here("deblur", "in", "--method", "x", "--methods", "m", "--out", "o", cwd=tmp_path))
    assert said in line and not (tmp_path / "o").exists()


@pytest.mark.parametrize("kind", ["half()", "bfloat16()", "double()"])
def test_other_precisions_of_frames_are_rounded_once(dataset, tmp_path, kind):
    clip(tmp_path / "in", "012")
    write_method(tmp_path / "m", "x", deblur=f"yield from ((frame * 0 + 0.5).{kind} for frame in clip)")
    run_here = pvdbench_here("deblur", "in", "--method", "x", "--methods", "m", "--out", "o", cwd=tmp_path)
    assert run_here.returncode == 0 and read_frame(tmp_path / "o" / "0.png").max() == 128
    assert run(tmp_path / "m", dataset, tmp_path) == "" and read_frame(tmp_path / "out/a/00000.png").max() == 128


def test_one_tensor_yielded_again_and_again_gives_frames_of_their_own(tmp_path):
    write_method(tmp_path / "m", "x", deblur="""
        kept = clip[0].clone()
        for t in range(len(clip)):
            yield kept.fill_(t / 4)""")  # fmt: skip
    frames = [np.zeros((4, 4, 3), np.float32)] * 3
    found = deblur_frames(load_deblurrer(tmp_path / "m", "x"), frames)
    assert [float(frame.max()) for frame in found] == [0, 0.25, 0.5]


def test_what_a_method_does_to_a_frame_does_not_reach_the_film(tmp_path):
    film = VideoClip(video(tmp_path / "v.mkv", [view(3 * t) for t in range(3)], "ffv1", "bgr0"))
    before = film[1].clone()
    film[1].mul_(0)
    assert bool((film[1] == before).all())


@pytest.mark.parametrize("where", ["load", "import", "deblur"])
def test_outputs_lie_where_the_user_said_though_a_method_goes_elsewhere(tmp_path, where):
    clip(tmp_path / "in", "012")
    go = "import os; os.chdir(os.path.dirname(__file__))"
    deblur = f"frames = list(clip); {go}; yield from frames" if where == "deblur" else "yield from clip"
    write_method(tmp_path / "m", "x", load=go if where == "load" else "pass", deblur=deblur)
    adapter = tmp_path / "m" / "x" / "adapter.py"
    adapter.write_text((go if where == "import" else "") + adapter.read_text())
    done = pvdbench_here("deblur", "in", "--method", "x", "--methods", "m", "--out", "o", cwd=tmp_path)
    assert done.returncode == 0 and (tmp_path / "o" / "2.png").is_file(), done.stderr


@pytest.mark.parametrize(
    "line", ["raise SystemExit(0)", "import argparse; argparse.ArgumentParser().parse_args(['-z'])"]
)
def test_an_adapter_that_exits_when_it_is_imported_is_named(dataset, tmp_path, line):
    clip(tmp_path / "in", "012")
    write_method(tmp_path / "m", "x")
    (tmp_path / "m" / "x" / "adapter.py").write_text(line)
    done = pvdbench_here("deblur", "in", "--method", "x", "--methods", "m", "--out", "o", cwd=tmp_path)
    assert done.returncode == 2 and "adapter.py: it must offer a class Method" in done.stderr
    assert "raised SystemExit" in run(tmp_path / "m", dataset, tmp_path)


@pytest.mark.parametrize("out", ["o", "o.mp4"])
def test_more_frames_than_the_clip_has_are_refused(tmp_path, out):
    """They would be taken for those of other moments."""
    clip(tmp_path / "in", "012")
    write_method(tmp_path / "m", "x", deblur="for frame in clip:\n            yield frame\n            yield frame")
    done = pvdbench_here("deblur", "in", "--method", "x", "--methods", "m", "--out", out, cwd=tmp_path)
    assert done.returncode == 2 and "more than 3 frames" in done.stderr and not (tmp_path / out).exists()


def test_a_frame_with_gradients_is_a_frame(tmp_path):
    clip(tmp_path / "in", "012")
    write_method(tmp_path / "m", "x", deblur="for frame in clip:\n            yield frame.clone().requires_grad_()")
    done = pvdbench_here("deblur", "in", "--method", "x", "--methods", "m", "--out", "o", cwd=tmp_path)
    assert done.returncode == 0 and (tmp_path / "o" / "2.png").is_file(), done.stderr


@pytest.mark.parametrize(
    ("raised", "message"),
    [(OOM, "take smaller frames"), ("raise OSError(5, 'no luck')", "OSError: [Errno 5] no luck"),
     ("open('/nowhere/x')", "FileNotFoundError"), ("raise OSError(28, 'No space left on device')", "No space left")],
)  # fmt: skip
def test_a_row_that_fails_after_its_warm_up_is_skipped_with_its_reason(dataset, tmp_path, raised, message):
    deblur = f"yield from list(clip)[:3]\n        {raised}\n        yield clip[3]"
    assert message in (reason := run(write_method(tmp_path / "m", "x", deblur=deblur), dataset, tmp_path))
    assert read_failure(tmp_path / "out") == reason and not list((tmp_path / "out").rglob("*.png"))


def text_bomb(path):
    info = PngImagePlugin.PngInfo()
    info.add_text("x", "x" * (PngImagePlugin.MAX_TEXT_CHUNK * 2), zip=True)
    save(path, view(0), pnginfo=info)


DAMAGES = {
    "a truncated frame": lambda folder: cut(folder / "b" / "input" / "00001.png"),
    "a truncated sharp frame": lambda folder: cut(folder / "b" / "GT" / "00001.png"),
    "a text bomb": lambda folder: text_bomb(folder / "b" / "input" / "00001.png"),
    "no manifest": lambda folder: (folder / "manifest.csv").unlink(),
    "another manifest": lambda folder: (folder / "manifest.csv").write_text("a,b\n1,2\n"),
}


def cut(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_data_set_is_nobody_s_reason(dataset, tmp_path, damage):
    DAMAGES[damage](dataset)
    place = write_method(tmp_path / "m", "x", deblur="yield from clip; raise ValueError('any')")
    with pytest.raises(DataError):
        run(place, dataset, tmp_path)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("content", [b"", b"no weights", bytes(64)])
def test_damaged_weights_that_were_trained_here_stop_the_study(dataset, tmp_path, content):
    (tmp_path / "w.safetensors").write_bytes(content)
    with pytest.raises(WeightsError, match=r"w\.safetensors: these are no safetensors"):
        run(METHODS, dataset, tmp_path, name="ifirnn", trained=tmp_path / "w.safetensors")
    assert not (tmp_path / "out").exists()


RUN = """
import sys
from pathlib import Path
from pvdbench.inference.row_run import RowRun
from pvdbench.inference.runner import run_row
place, dataset, out = map(Path, sys.argv[1:])
files = (out / name for name in ('out', 'complexity.json', 'cost.json', 'x.log'))
if __name__ == '__main__':
    run_row(RowRun('deblur', 'stage', 'ours', place, 'x', None, dataset, *files, threads=1))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="orphans are adopted on Linux alone")
def test_a_killed_command_leaves_no_method_no_frames_and_no_copies(dataset, tmp_path):
    """The method starts a child in a session of its own; both count the time in files until they end."""
    count = "import time\nwhile True: open({!r}, 'a').write('x'); time.sleep(0.02)"
    child, own = tmp_path / "child", tmp_path / "method"
    place = write_method(tmp_path / "m", "x", deblur=f"""
        import os, subprocess, sys
        open({str(tmp_path / "folder")!r}, 'w').write(os.getcwd())
        subprocess.Popen([sys.executable, '-c', {count.format(str(child))!r}], start_new_session=True)
        exec({count.format(str(own))!r})
        yield""")  # fmt: skip
    (tmp_path / "run.py").write_text(RUN)
    words = [sys.executable, str(tmp_path / "run.py"), str(place), str(dataset), str(tmp_path)]
    command = subprocess.Popen(words, env=os.environ | {"PYTHONPATH": str(ROOT)}, stderr=subprocess.DEVNULL)
    wait(lambda: child.exists() and own.exists())
    command.send_signal(signal.SIGKILL)
    command.wait()
    wait(lambda: not Path((tmp_path / "folder").read_text()).exists())
    before = child.stat().st_size, own.stat().st_size
    time.sleep(0.2)
    assert (child.stat().st_size, own.stat().st_size) == before and not (tmp_path / "out").exists()


def wait(condition):
    for _ in range(3000):
        if condition():
            return
        time.sleep(0.02)
    raise AssertionError("it did not happen within a minute")


@pytest.mark.parametrize(
    "line",
    ["label: '<script>alert(1)</script>'", f"label: {'x' * 81}", 'label: "a\\e[31mb"', 'label: "a\\0b"', "label: ''",
     'label: "two\\nlines"', "citation: '<img src=x>'", f"citation: {'x' * 2001}", "url: javascript:alert(1)",
     "label: ' padded '", "label: a&lt;b", 'needs: "\\u202e reversed"'],
)  # fmt: skip
def test_a_card_is_plain_text(tmp_path, line):
    write_method(tmp_path, "x")
    kept = "".join(part for part in CARD.splitlines(True) if not part.startswith(line.split(":")[0]))
    (tmp_path / "x" / "method.yaml").write_text(f"{kept}{line}\n")
    with pytest.raises(ParamsError, match=rf"method\.yaml: {line.split(':')[0]}: ") as refused:
        read_card(tmp_path, "x")
    assert len(str(refused.value)) < 300


def test_a_card_may_name_people_and_symbols(tmp_path):
    write_method(tmp_path, "x", card="needs: Søren & Žofie <3, a < b, R&D; 100 %\nurl: https://example.org/?a=1&b=2\n")
    assert "Žofie" in read_card(tmp_path, "x").needs


def test_a_method_s_new_folder_is_one_that_the_study_must_name(tmp_path):
    run = pvdbench_here("methods", "new", "mine", "--in", tmp_path / "m")
    assert run.returncode == 0 and "methods: [" in run.stdout and str(tmp_path.name) in run.stdout
    assert (tmp_path / "m" / "mine" / "adapter.py").exists()


def test_a_motion_estimator_deblurs_nothing(tmp_path):
    clip(tmp_path / "in", "012")
    words = ("deblur", "in", "--method", "bimnet", "--methods", METHODS, "--out", "o")
    line = one_line(pvdbench_here(*words, cwd=tmp_path))
    assert "is for 'motion', not for 'deblur'" in line and "params.yaml" not in line
