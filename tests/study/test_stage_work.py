"""A stage's commands on a worker: warm or by the shell, its signals, its end with the worker, and its clips."""

import os
import signal
import time
from pathlib import Path

import pytest
from processes import all_gone, wait_until

from pvdbench.study.stage_work import StageWork, run_stage, stop_stages
from pvdbench.study.workers import Place, connected

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def client():
    with connected(Place(jobs=1)) as client:
        yield client


@pytest.fixture
def work(tmp_path):
    def work(*commands, **more):
        return StageWork(f"run-{time.time_ns()}", "stage", commands, ROOT, {"MARK": "marked"}, tmp_path / "log", **more)

    return work


@pytest.mark.parametrize(
    "command, code, said",
    [
        ("pvdbench --version", 0, "version"),
        ("pvdbench validate --study nowhere", 2, "pvdbench: "),
        ("pvdbench no-such-command", 2, "No such command"),
        ("pvdbench --version && echo $MARK", 0, "marked"),
        ("echo $MARK; exit 7", 7, "marked"),
        ("kill -9 $$", -9, ""),
        ("no-such-program", 127, "not found"),
    ],
)
def test_a_command_has_its_code_and_its_log(client, work, command, code, said):
    ended = client.submit(run_stage, work(command), pure=False).result()
    assert ended.code == code
    assert said in work().log.read_text()


def test_commands_run_until_one_fails(client, work):
    assert client.submit(run_stage, work("echo one", "false", "echo three"), pure=False).result().code == 1
    assert work().log.read_text() == "one\n"


def test_a_warm_command_is_one_of_python_dash_m(client, work, tmp_path):
    client.submit(run_stage, work("pvdbench --help"), pure=False).result()
    assert "The PVDNet study as a benchmark" in work().log.read_text()


def test_what_runs_is_told_to_stop_and_the_rest_does_not_begin(client, work):
    long = work("sleep 60", "echo never")
    future = client.submit(run_stage, long, pure=False)
    wait_until(long.log.exists)
    time.sleep(0.5)
    client.run(stop_stages, long.run, signal.SIGTERM)
    assert future.result(timeout=20).code != 0
    assert "never" not in long.log.read_text()
    assert client.submit(run_stage, long, pure=False).result().code == -signal.SIGTERM


def test_the_clips_of_a_shared_stage_find_its_worker_free(client, work):
    """On the only worker there is: they would wait for ever."""
    code = ("import os; from distributed import Client; "
            "print(Client(os.environ['PVDBENCH_JOBS']).submit(sum, [20, 22]).result(timeout=30))")  # fmt: skip
    address = client.scheduler_info()["address"]
    shared = work(f"PVDBENCH_JOBS={address} python -c \"{code}\"", shared=True)
    assert client.submit(run_stage, shared, pure=False).result(timeout=60).code == 0
    assert shared.log.read_text().strip() == "42"


def test_a_killed_worker_takes_its_stage_along(work):
    with connected(Place(jobs=1)) as client:
        pid_file = work().log.with_name("pid")
        client.submit(run_stage, work(f"echo $$ > {pid_file}; sleep 300"), pure=False, retries=0)
        pid = int(wait_until(lambda: pid_file.exists() and pid_file.read_text().strip()))
        os.kill(client.run(os.getpid).popitem()[1], signal.SIGKILL)
        assert all_gone([pid], seconds=20)
