"""What a method starts ends with it, whatever session it is in and however the method ends."""

import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest

from pvdbench.core.errors import MethodError
from pvdbench.methods.isolation import run_isolated
from pvdbench.methods.process_tree import guarded

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="orphans are adopted on Linux alone")

CHILD = "import os, time; open({pid!r}, 'w').write(str(os.getpid())); time.sleep(600)"
ORPHAN = "import os, sys; os.fork() and os._exit(0); os.execv(sys.executable, ['python', '-c', {child!r}])"


def start_orphan(pid):
    """Start a process that has its own session, another group and no parent, and wait until it runs."""
    child = CHILD.format(pid=str(pid))
    subprocess.Popen([sys.executable, "-c", ORPHAN.format(child=child)], start_new_session=True).wait()
    wait_for(pid)


def wait_for(pid):
    for _ in range(6000):
        if pid.exists() and pid.read_text():
            return
        time.sleep(0.01)
    raise AssertionError("the child did not start")


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


def work(pid, how, progress):
    start_orphan(pid)
    progress()
    if how == "crash":
        os.kill(os.getpid(), signal.SIGKILL)
    if how == "hang":
        time.sleep(600)
    if how == "raise":
        raise ValueError("no luck")
    return how


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
sys.path[:0] = [{tests!r}, {here!r}]
from test_process_tree import work
from pvdbench.methods.isolation import run_isolated
run_isolated(partial(work, Path({pid!r}), "hang"), seconds=600)
"""


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGKILL])
def test_everything_ends_with_the_command_itself(tmp_path, sent):
    pid, here = tmp_path / "pid", Path(__file__).parent
    code = RUN.format(tests=str(here.parent), here=str(here), pid=str(pid))
    command = subprocess.Popen([sys.executable, "-c", code], env=os.environ | {"PYTHONPATH": str(here.parents[1])})
    wait_for(pid)
    command.send_signal(sent)
    command.wait()
    assert is_gone(pid)


@pytest.mark.parametrize(("code", "expected"), [("raise SystemExit(3)", 3), ("import os; os.kill(os.getpid(), 9)", -9)])
def test_a_guarded_program_ends_as_itself_with_its_orphans(tmp_path, code, expected):
    here, pid = Path(__file__).parent, str(tmp_path / "pid")
    start = f"import sys; sys.path[:0] = [{str(here.parents[1])!r}, {str(here)!r}]; from pathlib import Path; "
    start += f"from test_process_tree import start_orphan; start_orphan(Path({pid!r})); {code}"
    assert subprocess.run(guarded([sys.executable, "-c", start]), check=False).returncode == expected
    assert is_gone(tmp_path / "pid")


def test_a_program_that_is_not_there_is_said_so(tmp_path):
    run = subprocess.run(guarded(["no-such-program"]), capture_output=True, text=True, check=False)
    assert (run.returncode, run.stderr) == (127, "no-such-program: No such file or directory\n")
