"""A row whose method fails: its reason in place of frames, through scoring, and nothing else stopped."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest
from conftest import METHODS, ROOT
from fake_method import write_method

from pvdbench.core.errors import DataError
from pvdbench.inference.row_run import RowRun
from pvdbench.inference.runner import run_row
from pvdbench.io.cost import Complexity, read_complexity
from pvdbench.io.frame_folders import read_failure
from pvdbench.io.tables import VOLUME_STATISTICS, read_table
from pvdbench.networks.params import NetworkParams
from pvdbench.scoring.dataset import ScoredRow, score_row
from pvdbench.scoring.pixel_volume import Sources, score_volume
from pvdbench.scoring.score_file import read_score_file


def row(place, name, dataset, tmp_path, *, task="deblur"):
    files = (tmp_path / name for name in ("out", "complexity.json", "cost.json", "x.log"))
    return RowRun(task, "stage", "ours", place, name, None, dataset, *files, threads=1)


def test_a_row_that_runs_has_frames_and_costs(dataset, tmp_path):
    assert run_row(row(METHODS, "input", dataset, tmp_path)) == ""
    assert len(list((tmp_path / "out").rglob("*.png"))) == 8 and read_failure(tmp_path / "out") == ""
    cost = json.loads((tmp_path / "cost.json").read_text())
    assert cost["milliseconds_median"] > 0 and cost["peak_memory_mib"] > 10
    assert read_complexity(tmp_path / "complexity.json") == Complexity({}, None, 64, 48)
    assert (cost["device"], cost["precision"], cost["threads"], cost["timed"]) == ("cpu", "float32", 1, "frame")


@pytest.mark.parametrize(
    ("deblur", "message"),
    [
        ("yield from list(clip)[:-1]", "ours: a: 3 frames for 4; yield one per frame"),
        ("yield from (f[:, 1:] for f in clip)", "yielded shape (3, 47, 64), not (3, 48, 64)"),
        ("yield from (f * torch.nan for f in clip)", "values that are not finite; mend it"),
        ("yield from (f + 1 for f in clip)", "not in [0, 1]; yield frame.clamp(0, 1)"),
        ("raise KeyError('x')\n        yield", "the method raised KeyError: 'x' (adapter.py, line "),
        (
            "import tempfile; open(f'{tempfile.gettempdir()}/x')\n        yield",  # a folder with a random name
            "FileNotFoundError: [Errno 2] No such file or directory: 'x' (adapter.py",
        ),
        ("time.sleep(99)\n        yield", "no frame came within 2 s"),
        ("import os; os._exit(1)\n        yield", "the method's process died (exit code 1)"),
    ],
)
def test_a_method_that_fails_leaves_its_reason_and_no_frames(dataset, tmp_path, deblur, message):
    seconds = 2.0 if "sleep" in deblur else 60.0  # so that a busy machine fails no other case
    place = write_method(tmp_path / "methods", "x", deblur=deblur, card=f"seconds_a_frame: {seconds}\n")
    reason = run_row(row(place, "x", dataset, tmp_path))
    assert message in reason and "\n" not in reason
    assert [path.name for path in (tmp_path / "out").rglob("*")] == ["failed.json"]
    assert read_failure(tmp_path / "out") == reason
    assert read_complexity(tmp_path / "complexity.json") == Complexity({}) and not (tmp_path / "cost.json").exists()


KILL = "import os, pathlib; p = pathlib.Path({tries!r}); p.write_text(p.read_text() + 'x'); {kill}; yield from clip"


@pytest.mark.parametrize(
    "kill, begun", [("p.read_text() == 'x' and os.kill(os.getpid(), 9)", "xxx"), ("os.kill(os.getpid(), 9)", "xx")]
)
def test_a_method_that_is_killed_is_run_once_more(dataset, tmp_path, capsys, kill, begun):
    tries = tmp_path / "tries"
    tries.write_text("")
    place = write_method(tmp_path / "methods", "x", deblur=KILL.format(tries=str(tries), kill=kill))
    reason = run_row(row(place, "x", dataset, tmp_path))
    assert tries.read_text().startswith(begun)
    said = "the method's process died (SIGKILL); look for a crash or a lack of memory"
    assert f"ours: {said}; it is run once more" in capsys.readouterr().err
    assert reason == ("" if begun == "xxx" else said)
    assert len(list((tmp_path / "out").rglob("*.png"))) == (8 if begun == "xxx" else 0)
    assert begun == "xxx" or tries.read_text() == "xx"


def test_a_failure_takes_the_place_of_frames_and_frames_that_of_a_failure(dataset, tmp_path):
    place = write_method(tmp_path / "methods", "x", deblur="yield from list(clip)[1:]")
    for _ in range(2):
        assert run_row(row(METHODS, "input", dataset, tmp_path)) == "" and read_failure(tmp_path / "out") == ""
        assert run_row(row(place, "x", dataset, tmp_path)) and not list((tmp_path / "out").rglob("*.png"))


@pytest.mark.parametrize(
    ("card", "load", "message"),
    [
        ("weights: {net: {file: net.pt}}\nneeds: ask the authors\n", "pass", "are not there; ask the authors"),
        ("", "weights['network']", "x: this method needs a file of weights"),
        ("", "import a_package_that_is_not_here", "raised ModuleNotFoundError: No module named 'a_package_that"),
    ],
)
def test_a_method_that_cannot_be_loaded_is_a_failure_too(dataset, tmp_path, card, load, message):
    assert message in run_row(row(write_method(tmp_path / "m", "x", card=card, load=load), "x", dataset, tmp_path))


def test_what_is_no_fault_of_the_method_stops_the_stage(dataset, tmp_path):
    path = dataset / "b" / "input" / "00001.png"
    path.write_bytes(path.read_bytes()[:500])
    with pytest.raises(DataError, match=r"b/input/00001\.png: this is no readable PNG or JPEG"):
        run_row(row(METHODS, "input", dataset, tmp_path))
    assert not (tmp_path / "out").exists() and not (tmp_path / "cost.json").exists()


def test_a_failed_row_is_scored_as_a_table_without_rows(dataset, tmp_path):
    place = write_method(tmp_path / "methods", "x", deblur="yield from ()")
    run_row(row(place, "x", dataset, tmp_path))
    out = tmp_path / "out"
    for task in ("deblur", "motion"):
        score_row(ScoredRow("tiny", "ours", task, dataset, out), tmp_path / f"{task}.csv", protocols=["all"])
        assert read_score_file(tmp_path / f"{task}.csv", dataset="tiny", method="ours", task=task).empty
    how = {"dataset": "tiny", "frames_per_video": 2, "tolerances": [0], "network": NetworkParams(volume="gray")}
    score_volume(dataset, Sources(out, out, out), tmp_path / "v.csv", **how)
    assert read_table(tmp_path / "v.csv", VOLUME_STATISTICS).empty


def test_a_damaged_reason_is_no_reason(dataset, tmp_path):
    (tmp_path / "failed.json").write_text("{")
    with pytest.raises(DataError, match=r"failed\.json: not JSON with a reason"):
        score_row(ScoredRow("tiny", "ours", "deblur", dataset, tmp_path), tmp_path / "d.csv", protocols=["koehler"])
    assert not (tmp_path / "d.csv").exists()


def test_a_program_s_time_is_shared_by_its_frames_and_frames_that_were_there_have_none(dataset, tmp_path):
    import sys

    command = write_method(tmp_path / "c", "x") / "x"
    program = "import shutil, sys, time; time.sleep(0.4); shutil.copytree(sys.argv[1], sys.argv[2], dirs_exist_ok=True)"
    (command / "run.py").write_text(program)
    argv = f"['{sys.executable}', '{{method}}/run.py', '{{input}}', '{{output}}']"
    (command / "method.yaml").write_text(
        f"label: x\ntask: deblur\ncitation: x\nkind: command\ncommand: {{argv: {argv}}}\n"
    )
    assert run_row(row(tmp_path / "c", "x", dataset, tmp_path)) == ""
    cost = json.loads((tmp_path / "cost.json").read_text())
    assert 100 <= cost["milliseconds_median"] < 1000 and cost["frames"] == 8
    assert cost["timed"] == "clip"
    assert (tmp_path / "x.log").read_text().count("run.py") == 2
    folder = write_method(tmp_path / "f", "x") / "x" / "method.yaml"
    template = f"{dataset}/{{video}}/input/{{frame}}.png"
    folder.write_text(f"label: x\ntask: deblur\ncitation: x\nkind: folder\nframes: {{path: '{template}'}}\n")
    assert run_row(row(tmp_path / "f", "x", dataset, tmp_path)) == ""
    assert json.loads((tmp_path / "cost.json").read_text())["milliseconds_median"] is None
    assert pd.Series([path.name for path in (tmp_path / "out").rglob("*.png")]).value_counts().tolist() == [2] * 4


def test_a_terminated_run_ends_its_method_too(dataset, tmp_path):
    """kill, as a scheduler does it: the method waits for ever, and its process goes with the command's."""
    place = write_method(tmp_path / "methods", "x", deblur=f"""
        import os, pathlib, time
        pathlib.Path({str(tmp_path / 'pid')!r}).write_text(str(os.getpid()))
        time.sleep(600)
        yield""")  # fmt: skip
    code = (
        "import sys; from pathlib import Path; from pvdbench.inference.row_run import RowRun\n"
        "from pvdbench.inference.runner import run_row\n"
        "place, dataset, out = map(Path, sys.argv[1:])\n"
        "files = (out / name for name in ('out', 'complexity.json', 'cost.json', 'x.log'))\n"
        "if __name__ == '__main__':\n"
        "    run_row(RowRun('deblur', 'stage', 'ours', place, 'x', None, dataset, *files, threads=1))\n"
    )
    (tmp_path / "run.py").write_text(code)
    command = [sys.executable, str(tmp_path / "run.py"), str(place), str(dataset), str(tmp_path)]
    run = subprocess.Popen(command, cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)})
    pid = _wait_for(lambda: (tmp_path / "pid").is_file() and int((tmp_path / "pid").read_text() or 0))
    run.terminate()
    assert run.wait() == 128 + signal.SIGTERM
    _wait_for(lambda: not Path(f"/proc/{pid}").exists() or "State:\tZ" in Path(f"/proc/{pid}/status").read_text())
    assert not (tmp_path / "out").exists()


def _wait_for(condition):
    while not (value := condition()):
        time.sleep(0.05)
    return value
