"""Rows of several clips that tests run, kill and compare; as a program, one that can be killed: FOLDER METHOD JOBS."""

import json
import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

from conftest import ROOT
from fake_method import write_method

from pvdbench.inference.row_run import RowRun
from pvdbench.inference.runner import run_row

METHODS = {
    "recurrent": "before = 0\n        for f in clip:\n            before = (f + before) / 2\n            yield before",
    "windowed": "yield from (w.mean(0) for w in clip.windows(1))",
    "random": "yield from (torch.rand_like(f) for f in clip)",
    "second-fails": "yield from list(clip)[: -1 if clip.video != 'a' else None]",
    "crash": "import os\n        if clip.video == 'b': os._exit(1)\n        yield from clip",
    "counting": """begun = self.options.get("begun")
        if begun and len(clip) > 3:  # not the warm-up
            with open(begun, "a") as file: file.write(f"{clip.video}\\n")
        yield from ((time.sleep(0.03), f / 2)[1] for f in clip)""",
    "endless": """import os
        open(f"{self.options['begun'][:-5]}began-{os.getpid()}", "w").close()
        time.sleep(600)
        yield from clip""",
}
"""By name, the body of deblur."""


def row(folder, name, *, jobs=1, out="out", **how):
    """A row of folder/methods, on folder/tiny; its results go to folder/OUT."""
    place = folder / "methods"
    if not (place / name).exists():
        write_method(place, name, deblur=METHODS[name])
    at = folder / out
    files = (at / name for name in ("data/frames", "complexity.json", "cost.json", "x.log"))
    half = at / "data" / "half" / name
    return replace(
        RowRun("deblur", "stage", "ours", place, name, None, folder / "tiny", *files, threads=1, jobs=jobs, half=half),
        **how,
    )  # fmt: skip


def results(run):
    """The bytes of a row's results."""
    files = [path for path in run.out.rglob("*") if path.is_file()] + [run.complexity]
    return {str(path.relative_to(run.out.parent.parent)): path.read_bytes() for path in files}


def cost(run):
    return json.loads(run.cost.read_text())


def start(folder, name, jobs, out="out"):
    """The same row in a command that can be killed."""
    environment = os.environ | {"PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}"}
    program = [sys.executable, __file__, str(folder), name, str(jobs), out]
    return subprocess.Popen(program, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def mentioning(folder):
    """Processes whose command line or working folder has to do with this row."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            words = (place / "cmdline").read_bytes()
            status = (place / "status").read_text()
        except OSError:
            continue
        parent = int(status.split("PPid:")[1].split()[0])
        found.append((int(place.name), parent, str(folder).encode() in words))
    mine = {pid for pid, _, named in found if named and pid != os.getpid()}
    while more := {pid for pid, parent, _ in found if parent in mine} - mine:
        mine |= more
    return sorted(mine)


def lives(pid):
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


def wait_for(condition):
    deadline = time.monotonic() + 60
    while not (value := condition()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return value


if __name__ == "__main__":
    folder, name, jobs, out = sys.argv[1:]
    begun = {"begun": f"{folder}/begun"}
    run_row(row(Path(folder), name, jobs=int(jobs) if jobs.isdigit() else jobs, out=out, options=begun))
