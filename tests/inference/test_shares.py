"""A row's clips dealt over processes: the same bytes as one after the other, and nothing left when it is stopped."""

import signal

import pytest
from clip_rows import cost, lives, mentioning, results, row, start, wait_for
from conftest import METHODS, make_dataset

from pvdbench.inference.dealing import _dealt
from pvdbench.inference.runner import run_row
from pvdbench.io.frame_folders import read_failure


@pytest.fixture
def folder(tmp_path):
    make_dataset(tmp_path / "tiny", videos=("a", "b", "c"), frames=3, size=(16, 24))
    return tmp_path


@pytest.mark.parametrize(("name", "numbers"), [("recurrent", (3,)), ("windowed", (2, 8)), ("random", (2,))])
def test_any_number_of_processes_gives_the_same_bytes(folder, name, numbers):
    serial = row(folder, name, out="1")
    assert run_row(serial) == "" and "processes" not in cost(serial)
    for jobs in numbers:
        shared = row(folder, name, jobs=jobs, out=str(jobs))
        assert run_row(shared) == ""
        assert results(shared) == results(serial) and len(results(serial)) == 10
        assert cost(shared)["processes"] == min(jobs, 3) and cost(shared)["frames"] == cost(serial)["frames"] == 9
        assert not shared.half.exists()


def test_motion_is_shared_too(folder):
    runs = [
        row(folder, name="recurrent", jobs=jobs, out=str(jobs), task="motion", methods=METHODS, method="dis")
        for jobs in (1, 2)
    ]
    assert [run_row(run) for run in runs] == ["", ""]
    assert results(runs[0]) == results(runs[1]) and len(results(runs[0])) == 13


@pytest.mark.parametrize("name", ["second-fails", "crash"])
def test_a_failure_is_the_one_of_the_serial_order(folder, name):
    serial = row(folder, name, out="1")
    reason = run_row(serial)
    assert reason
    shared = row(folder, name, jobs=2, out="2")
    assert run_row(shared) == reason == read_failure(shared.out)
    assert results(shared) == results(serial) and not shared.cost.exists() and not shared.half.exists()


def test_clips_are_dealt_by_their_frames():
    assert _dealt([0, 1, 2, 3], [5, 1, 1, 3], 2) == [(0,), (1, 2, 3)]
    assert _dealt([1, 3], [5, 1, 1, 3], 4) == [(1,), (3,)]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_all_shares_end_with_the_command(folder, number):
    running = start(folder, "endless", 2)
    began = wait_for(lambda: len(set(mentioning(folder))) >= 3 and mentioning(folder))
    running.send_signal(number)
    running.communicate(timeout=60)
    wait_for(lambda: not any(lives(pid) for pid in began))
    assert not (folder / "out" / "data" / "frames").exists()
