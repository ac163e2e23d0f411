"""Nothing that a command started outlives it, whichever of its processes ends, and however."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import ROOT
from fake_method import write_method
from orphan import wait_for
from processes import all_gone, below, wait_until
from sample_clips import clip

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="orphans are adopted on Linux alone")

CODE = """
import signal, sys, time
from pathlib import Path
sys.path[:0] = [{root!r}, {tests!r}]
from orphan import start_orphan
from pvdbench.methods.guarded_command import run_guarded

def work():
    place = Path({place!r})
    {first}
    start_orphan(place / "pid")
    (place / "ready").touch()
    {then}

run_guarded(work)
"""


def start(place, *, first="pass", then="time.sleep(600)", **how):
    code = CODE.format(root=str(ROOT), tests=str(ROOT / "tests"), place=str(place), first=first, then=then)
    return subprocess.Popen([sys.executable, "-c", code], start_new_session=True, **how)


def started(place, **how):
    """A command that runs: its front, its guard, its worker, and the orphan below it."""
    command = start(place, **how)
    wait_until((place / "ready").exists)
    wait_for(place / "pid")
    guard, worker, *_ = below(command.pid)
    return command, guard, worker, int((place / "pid").read_text())


VICTIMS = {
    "the front": lambda front, guard, worker: os.kill(front, signal.SIGKILL),
    "the guard": lambda front, guard, worker: os.kill(guard, signal.SIGKILL),
    "the worker": lambda front, guard, worker: os.kill(worker, signal.SIGKILL),
    "the shell's group": lambda front, guard, worker: os.killpg(front, signal.SIGKILL),
    "the guard's group": lambda front, guard, worker: os.killpg(os.getpgid(guard), signal.SIGKILL),
    "front and worker": lambda front, guard, worker: (os.kill(worker, signal.SIGKILL), os.kill(front, signal.SIGKILL)),
    "guard and worker": lambda front, guard, worker: (os.kill(guard, signal.SIGKILL), os.kill(worker, signal.SIGKILL)),
    "the front, by SIGTERM": lambda front, guard, worker: os.kill(front, signal.SIGTERM),
    "the front, by SIGINT": lambda front, guard, worker: os.kill(front, signal.SIGINT),
    "the front, by SIGHUP": lambda front, guard, worker: os.kill(front, signal.SIGHUP),
    "the worker, by SIGTERM": lambda front, guard, worker: os.kill(worker, signal.SIGTERM),
    "all three, by SIGTERM": lambda *three: [os.kill(one, signal.SIGTERM) for one in three],
}  # fmt: skip


@pytest.mark.parametrize("victim", VICTIMS)
def test_whoever_is_killed_everything_ends(tmp_path, victim):
    command, guard, worker, orphan = started(tmp_path, stderr=subprocess.DEVNULL)
    assert os.getsid(orphan) not in (os.getsid(command.pid), os.getsid(os.getpid()))
    VICTIMS[victim](command.pid, guard, worker)
    assert command.wait(10) != 0 and all_gone([guard, worker, orphan])


@pytest.mark.parametrize("stopped", range(8))
def test_a_command_that_is_killed_while_it_starts_leaves_nothing(tmp_path, stopped):
    command = start(tmp_path, stderr=subprocess.DEVNULL)
    time.sleep(0.02 * stopped)
    known = below(command.pid)
    os.killpg(command.pid, signal.SIGKILL)
    command.wait()
    time.sleep(0.2)
    orphan = [int((tmp_path / "pid").read_text())] if (tmp_path / "pid").exists() else []
    assert all_gone([*known, *orphan])


@pytest.mark.parametrize(
    ("then", "code"),
    [("pass", 0), ("sys.exit(3)", 3), ("import os; os.kill(os.getpid(), 9)", -9), ("1 / 0", 1),
     ("import os; os.kill(os.getpid(), signal.SIGTERM)", -signal.SIGTERM)],
)  # fmt: skip
def test_a_command_ends_as_its_work_did_and_with_what_that_left(tmp_path, then, code):
    command = start(tmp_path, then=then, stderr=subprocess.DEVNULL)
    assert command.wait(30) == code and all_gone([int((tmp_path / "pid").read_text())])


COUNT = """
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1):
        signal.signal(number, lambda number, _: open(place / "got", "a").write(f"{number} "))"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGUSR1])
@pytest.mark.parametrize("send", [os.kill, os.killpg])
def test_a_signal_reaches_the_work_once_whether_sent_to_the_command_or_to_its_group(tmp_path, number, send):
    command, *_ = started(tmp_path, first=COUNT, then="while True: time.sleep(0.01)")
    for times in (1, 2):
        send(command.pid, number)
        wait_until(lambda times=times: (got := tmp_path / "got").exists() and len(got.read_text().split()) == times)
        time.sleep(0.3)
    assert (tmp_path / "got").read_text() == f"{number} " * 2
    command.kill()
    command.wait()


def run(*words, cwd):
    code = "from pvdbench.cli.main import main; main()"
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, words)], cwd=cwd, env=os.environ | {"PYTHONPATH": str(ROOT)},
        stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip


def runs(part):
    """The processes whose command line holds this."""
    found = []
    for process in below(os.getpid()):
        with contextlib.suppress(OSError):
            found += [process] if part in Path(f"/proc/{process}/cmdline").read_text() else []
    return found


@pytest.mark.parametrize("sent", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_the_workers_of_a_scoring_end_with_it(dataset, tmp_path, sent):
    for _ in range(200):  # so that it takes a while
        name = f"{_:05d}.png"
        for kind in ("input", "GT"):
            (dataset / "a" / kind / name).unlink(missing_ok=True)
            os.link(dataset / "b" / kind / "00001.png", dataset / "a" / kind / name)
    folders = "--truth", dataset / "a" / "GT", "--estimate", dataset / "a" / "input"
    command = run("score", "folder", *folders, "--out", "s.csv", "--jobs", 2, cwd=tmp_path)
    wait_until(lambda: len(runs("loky.backend.popen_loky_posix")) >= 2)
    every = below(command.pid)
    command.send_signal(sent)
    assert command.wait(30) != 0 and all_gone(every)


@pytest.mark.parametrize("victim", [0, 1, 2])
def test_a_method_that_deblurs_for_a_user_ends_with_the_command_and_all_that_it_started(tmp_path, victim):
    """`pvdbench deblur` runs the method in its own process; 0 is the front, 1 the guard, 2 the worker."""
    clip(tmp_path / "in", "012")
    write_method(tmp_path / "m", "x", deblur=f"""
        import pathlib, sys
        sys.path[:0] = [{str(ROOT / 'tests')!r}]
        from orphan import start_orphan
        start_orphan(pathlib.Path({str(tmp_path / 'pid')!r}))
        time.sleep(600)
        yield""")  # fmt: skip
    command = run("deblur", "in", "--method", "x", "--methods", "m", "--out", "o", cwd=tmp_path)
    wait_until((tmp_path / "pid").exists)
    wait_for(tmp_path / "pid")
    every = [command.pid, *below(command.pid)]
    os.kill(every[victim], signal.SIGKILL)
    assert command.wait(30) != 0 and all_gone([*every, int((tmp_path / "pid").read_text())])


def test_a_command_below_nohup_goes_on_after_a_hangup(tmp_path):
    how = {"then": "time.sleep(1)", "preexec_fn": lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN)}
    command, *_ = started(tmp_path, **how)
    os.killpg(command.pid, signal.SIGHUP)
    assert command.wait(30) == 0


def test_where_the_streams_are_not_the_process_s_own_the_work_is_done_here(capsys):
    from pvdbench.methods.guarded_command import run_guarded

    done = []
    run_guarded(lambda: done.append(os.getpid()))
    assert done == [os.getpid()]


ROW = """
import sys
from pathlib import Path
from pvdbench.methods.guarded_command import run_guarded

def work():
    from pvdbench.inference.runner import RowRun, run_row
    place, dataset, out = map(Path, sys.argv[1:])
    files = (out / name for name in ("out", "complexity.json", "cost.json", "x.log"))
    print(run_row(RowRun("deblur", "infer deblur tiny ours", "ours", place, "x", None, dataset, *files, threads=1)))

run_guarded(work)
"""


def run_row(place, dataset, tmp_path):
    words = [sys.executable, "-c", ROW, str(place), str(dataset), str(tmp_path)]
    return subprocess.Popen(words, env=os.environ | {"PYTHONPATH": str(ROOT)}, start_new_session=True, text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE)  # fmt: skip


@pytest.mark.parametrize(
    ("send", "sent"),
    [(os.kill, signal.SIGKILL), (os.kill, signal.SIGTERM), (os.kill, signal.SIGINT), (os.killpg, signal.SIGKILL)],
)
def test_a_row_s_method_ends_with_its_command(dataset, tmp_path, sent, send):
    place = write_method(tmp_path / "m", "x", deblur=f"""
        import pathlib, sys
        sys.path[:0] = [{str(ROOT / 'tests')!r}]
        from orphan import start_orphan
        start_orphan(pathlib.Path({str(tmp_path / 'pid')!r}))
        time.sleep(600)
        yield""")  # fmt: skip
    command = run_row(place, dataset, tmp_path)
    wait_until((tmp_path / "pid").exists)
    wait_for(tmp_path / "pid")
    every = below(command.pid)
    send(command.pid, sent)
    command.communicate(timeout=30)
    assert command.returncode != 0 and all_gone([*every, int((tmp_path / "pid").read_text())])
    assert not (tmp_path / "out").exists()


def test_two_commands_of_one_row_take_turns(dataset, tmp_path):
    place = write_method(tmp_path / "m", "x", deblur="time.sleep(0.3); yield from clip")
    both = [run_row(place, dataset, tmp_path) for _ in range(2)]
    said = [command.communicate(timeout=60) for command in both]
    assert [command.returncode for command in both] == [0, 0] and [out for out, _ in said] == ["\n", "\n"]
    assert sum("is at work on it" in err for _, err in said) == 1
    assert len(list((tmp_path / "out").rglob("*.png"))) == 8 and not list(tmp_path.glob("*.partial"))
