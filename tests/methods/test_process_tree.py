"""What a method starts ends with it, whatever session it is in and however the method ends."""

import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest
from conftest import ROOT
from orphan import wait_for, work
from processes import all_gone, below, parents

from pvdbench.core.errors import MethodError
from pvdbench.methods.isolation import run_isolated
from pvdbench.methods.process_tree import guarded

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="orphans are adopted on Linux alone")


def is_gone(pid):
    """Whether it ends soon; a killed process that waits for its parent is gone, too."""
    stat = Path("/proc", pid.read_text(), "stat")
    for _ in range(500):
        try:
            if stat.read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except OSError:
            return True
        time.sleep(0.01)
    os.kill(int(pid.read_text()), signal.SIGKILL)
    return False


@pytest.mark.parametrize(
    ("how", "seconds", "message"),
    [("crash", 60, r"process died \(SIGKILL\)"), ("hang", 5, "no frame came within 5 s"),
     ("raise", 60, "raised ValueError: no luck")],
)  # fmt: skip
def test_an_orphan_in_a_session_of_its_own_ends_with_a_method_that_fails(tmp_path, how, seconds, message):
    with pytest.raises(MethodError, match=message):
        run_isolated(partial(work, tmp_path / "pid", how), seconds=seconds)
    assert is_gone(tmp_path / "pid")


def test_an_orphan_ends_with_a_method_that_ends_well(tmp_path):
    assert run_isolated(partial(work, tmp_path / "pid", "well"), seconds=60) == "well"
    assert is_gone(tmp_path / "pid")


RUN = """
import sys
from functools import partial
from pathlib import Path
sys.path.insert(0, {tests!r})
from orphan import work
from pvdbench.methods.isolation import run_isolated
run_isolated(partial(work, Path({pid!r}), "hang"), seconds=600)
"""


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGKILL])
def test_everything_ends_with_the_command_itself(tmp_path, sent):
    pid = tmp_path / "pid"
    code = RUN.format(tests=str(ROOT / "tests"), pid=str(pid))
    command = subprocess.Popen([sys.executable, "-c", code], env=os.environ | {"PYTHONPATH": str(ROOT)})
    wait_for(pid)
    command.send_signal(sent)
    command.wait()
    assert is_gone(pid)


@pytest.mark.parametrize("killed", [(0,), (1,), (2,), (0, 2), (1, 2)], ids=str)
def test_a_guard_that_is_killed_leaves_its_method_to_the_other(tmp_path, killed):
    """0 is the outer guard, 1 the inner one, 2 the method's process; they die in the order in which they are named."""
    pid = tmp_path / "pid"
    code = RUN.format(tests=str(ROOT / "tests"), pid=str(pid))
    command = subprocess.Popen(
        [sys.executable, "-c", code], env=os.environ | {"PYTHONPATH": str(ROOT)}, stderr=subprocess.DEVNULL
    )
    wait_for(pid)
    group = os.getpgid(command.pid)
    outer = next(process for process in below(command.pid) if os.getpgid(process) != group)
    inner = next(process for process, parent in parents().items() if parent == outer)
    chain = [outer, inner, min(process for process, parent in parents().items() if parent == inner)]
    for one in killed:
        os.kill(chain[one], signal.SIGKILL)
    assert command.wait(30) == 1 and all_gone([*chain, int(pid.read_text())])


@pytest.mark.parametrize(("code", "expected"), [("raise SystemExit(3)", 3), ("import os; os.kill(os.getpid(), 9)", -9)])
def test_a_guarded_program_ends_as_itself_with_its_orphans(tmp_path, code, expected):
    pid = str(tmp_path / "pid")
    start = f"import sys; sys.path[:0] = [{str(ROOT)!r}, {str(ROOT / 'tests')!r}]; from pathlib import Path; "
    start += f"from orphan import start_orphan; start_orphan(Path({pid!r})); {code}"
    assert subprocess.run(guarded([sys.executable, "-c", start]), check=False).returncode == expected
    assert is_gone(tmp_path / "pid")


@pytest.mark.parametrize("guard", [0, 1])
def test_a_killed_guard_of_a_program_leaves_the_other(tmp_path, guard):
    pid = tmp_path / "pid"
    start = f"import sys, time; sys.path[:0] = [{str(ROOT)!r}, {str(ROOT / 'tests')!r}]; from pathlib import Path; "
    start += f"from orphan import start_orphan; start_orphan(Path({str(pid)!r})); time.sleep(600)"
    outer = subprocess.Popen(guarded([sys.executable, "-c", start]))
    wait_for(pid)
    processes = [outer.pid, *below(outer.pid)]
    os.kill(processes[guard], signal.SIGKILL)
    outer.wait(10)
    assert all_gone([*processes, int(pid.read_text())])


def test_a_program_that_is_not_there_is_said_so(tmp_path):
    run = subprocess.run(guarded(["no-such-program"]), capture_output=True, text=True, check=False)
    assert (run.returncode, run.stderr) == (127, "no-such-program: No such file or directory\n")
