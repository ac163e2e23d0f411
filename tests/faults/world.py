"""A finished studies/smoke, copies of it in which some stages have to run again, and what its results are."""

import hashlib
import os
import random
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import yaml
from conftest import ROOT

MOMENTS = int(os.environ.get("PVDBENCH_FAULTS", "0"))
"""How many random moments each fault is tried at; 0 is the short version, for continuous integration."""
SEED = os.environ.get("PVDBENCH_FAULTS_SEED", "0")
STUDY = "studies/smoke"
GOAL = None if MOMENTS else "score-deblur@smoke-baseline"
"""What the short version runs the study to: seven stages of 35, a training and a method among them; None for all."""
DRIVER = ("pvdbench", "study", "run", "--study", STUDY, "--jobs", "2", *(("--only", GOAL) if GOAL else ()))
"""The one command, from the repository's top, that runs the study, and that goes on after whatever happened."""
PATIENCE = 600
"""Seconds until a command is said to hang."""
_UNCOUNTED = {".git", "__pycache__", "tmp", "runs", "cost", "rendering", "logs", "costs"}
"""Folders of no result: Git's and Python's own, DVC's state, what a machine took, and what programs print."""
_PAGE = (f"{STUDY}/reports/", f"{STUDY}/data/checkpoints/")
"""The report, which names commit and times, but for what is an output of its stage; and checkpoints."""


def chosen(*what):
    """A random generator of one scenario, the same in every run with the same PVDBENCH_FAULTS_SEED."""
    return random.Random(f"{SEED} {' '.join(map(str, what))}")


def environment(root, **more):
    """What a command of a copy runs in: its own pvdbench, one thread, no state shared with other copies."""
    (root.parent / "t").mkdir(exist_ok=True)
    own = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "PYTHONPATH": str(root),
           "TMPDIR": str(root.parent / "t"), "DVC_SITE_CACHE_DIR": str(root.parent / "site"),
           "MPLCONFIGDIR": str(root.parent / "matplotlib")}  # fmt: skip
    return os.environ | own | more


def make_finished(root):
    """Copy the working tree and run the study in it, by the driver itself; minutes where it is the whole study."""
    listed = subprocess.run(["git", "-C", ROOT, "ls-files", "--cached", "--others", "--exclude-standard"],
                            capture_output=True, text=True, check=True).stdout.split("\n")  # fmt: skip
    for name in filter(None, listed):
        if (ROOT / name).is_file():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, root / name)
    for lock in (root / STUDY / "dvc.lock", root / "data" / "dvc.lock"):
        lock.unlink(missing_ok=True)  # another processor's
    commit = ["-c", "user.name=t", "-c", "user.email=t@t", "commit", "-qm", "all"]
    for words in (["init", "-q"], ["add", "-A"], commit):
        subprocess.run(["git", *words], cwd=root, check=True)
    done = subprocess.run(DRIVER, cwd=root, env=environment(root), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return root


@dataclass(frozen=True)
class Finished:
    """A finished copy and what is in it.

    Attributes:
        root: the repository's top.
        stages: the study's entries of dvc.lock, by name.
    """

    root: Path
    stages: dict

    @classmethod
    def of(cls, root):
        return cls(root, locked(root))

    def outputs(self, name):
        """The paths of a stage's outputs, from the repository's top."""
        return [f"{STUDY}/{part['path']}" for part in self.stages[name].get("outs", [])]

    def copied(self, root, *, without=()):
        """Copy it to root, which is replaced, as if the stages `without` had never run."""
        shutil.rmtree(root, ignore_errors=True)
        subprocess.run(["cp", "-a", str(self.root), str(root)], check=True)
        shutil.rmtree(root / ".dvc" / "cache" / "runs", ignore_errors=True)  # by which DVC would know their results
        lock = root / STUDY / "dvc.lock"
        blocks = re.split(r"(?m)^(?=  \S)", lock.read_text())  # as DVC wrote them
        lock.write_text("".join(block for block in blocks if block.split(":\n")[0].strip() not in without))
        for name in without:
            for path in self.outputs(name):
                remove(root / path)
            for path in (root / STUDY / "data" / "cost").rglob("*.json"):
                if f'"{self.stages[name]["cmd"].removeprefix("pvdbench ")}"' in path.read_text():
                    path.unlink()
        return root


def remove(path):
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def locked(root):
    """The study's stages as dvc.lock has them; none where it cannot be read."""
    try:
        return dict(yaml.safe_load((root / STUDY / "dvc.lock").read_text())["stages"])
    except (OSError, ValueError, TypeError, KeyError, yaml.YAMLError):
        return {}


def results(root):
    """The hash of every result: all files below root but those of _UNCOUNTED and the report's page."""
    found = {}
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root).as_posix()
        if not path.is_file() or _UNCOUNTED & {*Path(name).parts} or _is_page(name):
            continue
        found[name] = hashlib.md5(path.read_bytes()).hexdigest()
    return found


def _is_page(name):
    kept = (f"{STUDY}/reports/tables/", f"{STUDY}/reports/figures/", f"{STUDY}/reports/assets/scores/",
            f"{STUDY}/reports/metrics.json")  # fmt: skip
    return name.startswith(_PAGE) and not name.startswith(kept)


def left_in(folder):
    """The temporary files in a folder: all that has bytes or a name of ours.

    PyTorch's and Dask's own are not counted, which these clear themselves, nor the empty folders pymp-* and their
    sockets, which Python leaves where one of its processes is killed.
    """
    others = ("torchinductor", "dask-scratch-space", "pymp-")
    kept = [path for path in folder.iterdir() if not path.name.startswith(others)]
    kept += [path for path in folder.glob("dask-scratch-space/*") if path.suffix != ".lock"]
    kept += [path for path in folder.glob("pymp-*/**/*") if path.is_file()]
    return [path.name for path in kept]


def difference(found, expected):
    """The first result that is missing, too many or other than expected, in words; empty where all are equal."""
    for name in sorted({*found, *expected}):
        if found.get(name) != expected.get(name):
            how = "differs" if name in found and name in expected else "is left" if name in found else "is missing"
            return f"{name} {how}"
    return ""
