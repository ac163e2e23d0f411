"""Two commands that make the same take turns; a killed one leaves no lock; other rows wait for nobody."""

import fcntl
import os
import signal
import subprocess
import sys
import time

import pytest
from conftest import ROOT
from processes import wait_until

from pvdbench.io.lock import one_command_at_a_time

HOLD = """
import sys, time
from pathlib import Path
from pvdbench.io.lock import one_command_at_a_time
lock, log, name, seconds = sys.argv[1:]
with one_command_at_a_time(Path(lock), "deblur sample ours"):
    with open(log, "a") as file: file.write(f"{name}+ ")
    time.sleep(float(seconds))
    with open(log, "a") as file: file.write(f"{name}- ")
"""


def hold(tmp_path, name, seconds, lock="a.lock"):
    words = [sys.executable, "-c", HOLD, str(tmp_path / "locks" / lock), str(tmp_path / "log"), name, str(seconds)]
    return subprocess.Popen(words, env=os.environ | {"PYTHONPATH": str(ROOT)}, stderr=subprocess.PIPE, text=True)


def log(tmp_path):
    return (tmp_path / "log").read_text() if (tmp_path / "log").exists() else ""


def test_the_second_command_says_who_is_at_work_and_waits(tmp_path):
    first = hold(tmp_path, "1", 1)
    wait_until(lambda: log(tmp_path))
    second = hold(tmp_path, "2", 0)
    said = second.communicate()[1]
    assert log(tmp_path) == "1+ 1- 2+ 2- " and first.communicate()[1] == ""
    assert said.startswith(f"pvdbench: deblur sample ours: process {first.pid} on {os.uname().nodename} since 2")
    assert said.count("\n") == 1 and "waits until that ends" in said and len(said) < 300


@pytest.mark.parametrize("sent", [signal.SIGKILL, signal.SIGTERM])
def test_a_command_that_is_killed_leaves_no_lock(tmp_path, sent):
    first = hold(tmp_path, "1", 600)
    wait_until(lambda: log(tmp_path))
    first.send_signal(sent)
    first.communicate()
    assert hold(tmp_path, "2", 0).communicate(timeout=30)[1] == "" and log(tmp_path) == "1+ 2+ 2- "


def test_a_command_that_waits_goes_on_when_the_other_is_killed(tmp_path):
    first = hold(tmp_path, "1", 600)
    wait_until(lambda: log(tmp_path))
    second = hold(tmp_path, "2", 0)
    assert "is at work" in second.stderr.readline()
    first.kill()
    assert second.wait(30) == 0 and log(tmp_path) == "1+ 2+ 2- "
    first.communicate()


def test_other_rows_do_not_wait(tmp_path):
    first = hold(tmp_path, "1", 600)
    wait_until(lambda: log(tmp_path))
    assert hold(tmp_path, "2", 0, lock="b.lock").communicate(timeout=30)[1] == ""
    first.kill()
    first.communicate()


@pytest.mark.parametrize("fault", ["no locks", "no folder"])
def test_where_there_are_no_locks_a_line_says_so_and_the_work_is_done(tmp_path, monkeypatch, capsys, fault):
    def refuse(*_):
        raise OSError(37, "No locks available")

    if fault == "no locks":
        monkeypatch.setattr(fcntl, "flock", refuse)
    else:
        (tmp_path / "locks").write_text("")
    with one_command_at_a_time(tmp_path / "locks" / "a.lock", "deblur sample ours"):
        done = True
    said = capsys.readouterr().err
    assert done and said.count("\n") == 1 and "cannot be locked (" in said


def test_a_lock_is_taken_again_and_again(tmp_path, capsys):
    for _ in range(3):
        with one_command_at_a_time(tmp_path / "a.lock", "x"):
            time.sleep(0)
    assert capsys.readouterr().err == ""
