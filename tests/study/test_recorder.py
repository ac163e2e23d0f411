"""What DVC is asked and told of stages that run elsewhere, held against `dvc repro` in a small repository."""

import contextlib
import errno
import gc
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import yaml
from sleeping_stages import Silent, no_memory

from pvdbench.core.errors import StudyError
from pvdbench.study.dispatch import Dispatch
from pvdbench.study.graph import read_graph
from pvdbench.study.lock import read_lock
from pvdbench.study.lock_copy import require_whole, restore_locks
from pvdbench.study.recorder import Recorder, params_read_once
from pvdbench.study.stage_times import StageTimes
from pvdbench.study.workers import Place, connected

STAGES = {
    "first": {"cmd": "cat given.txt > first.txt", "deps": ["given.txt"], "outs": ["first.txt"]},
    "several": {
        "cmd": ["mkdir -p many", 'for i in 1 2 3; do echo "$i $DVC_STAGE" > many/$i.txt; done'],
        "deps": ["first.txt"],
        "outs": ["many"],
    },
    "each": {
        "foreach": ["x", "y"],
        "do": {"cmd": "cat first.txt > ${item}.txt; echo ${item} >> ${item}.txt", "deps": ["first.txt"],
               "outs": ["${item}.txt"]},
    },
    "last": {"cmd": "cat x.txt y.txt many/1.txt > last.txt", "deps": ["x.txt", "y.txt", "many"],
             "outs": [{"last.txt": {"cache": False}}]},
}  # fmt: skip


@pytest.fixture(scope="module")
def client():
    with connected(Place(jobs=2)) as client:
        yield client


@pytest.fixture
def repository(tmp_path):
    folder = tmp_path / "repository"
    folder.mkdir()
    (folder / "dvc.yaml").write_text(yaml.safe_dump({"stages": STAGES}, sort_keys=False))
    (folder / "given.txt").write_text("given\n")
    for command in (["git", "init", "-q"], [sys.executable, "-m", "dvc", "init", "-q"]):
        subprocess.run(command, cwd=folder, check=True)
    return folder


def run(folder, client, only=()):
    graph = read_graph(folder, only)
    recorder = Recorder(graph, folder.parent / "logs")
    try:
        times = StageTimes(folder.parent / "seconds.json")
        return Dispatch(graph, recorder, lambda: client, no_memory, times, Silent()).run()
    finally:
        recorder.close()


def repro(folder, *words):
    done = subprocess.run([sys.executable, "-m", "dvc", "repro", *words], cwd=folder, capture_output=True, text=True,
                          check=False)  # fmt: skip
    return done.stdout + done.stderr


def test_the_bytes_and_the_record_of_dvc_repro(repository, client):
    serial = repository.parent / "serial"
    shutil.copytree(repository, serial)
    outcome = run(repository, client)
    assert not outcome.failed
    assert set(outcome.ran) == {"first", "several", "each@x", "each@y", "last"}
    repro(serial)
    assert read_lock(repository) == read_lock(serial)
    for name in ("first.txt", "many/2.txt", "x.txt", "last.txt"):
        assert (repository / name).read_bytes() == (serial / name).read_bytes()
    assert (repository / "dvc.lock").read_bytes().endswith(b"\n")
    assert "Running stage" not in repro(repository)


def test_nothing_runs_again_and_an_edit_runs_what_it_must(repository, client):
    run(repository, client)
    assert len(run(repository, client).current) == 5
    (repository / "x.txt").unlink()  # DVC's cache has it
    outcome = run(repository, client)
    assert outcome.restored == ["each@x"] and not outcome.ran
    (repository / "given.txt").write_text("other\n")
    assert set(run(repository, client).ran) == {"first", "several", "each@x", "each@y", "last"}
    (repository / "given.txt").write_text("given\n")
    outcome = run(repository, client)
    assert set(outcome.ran) == {"last"}  # of which DVC keeps no copy, as it says `cache: false`
    assert set(outcome.restored) == {"first", "several", "each@x", "each@y"}


def test_only_some_stages_and_what_they_need(repository, client):
    assert set(run(repository, client, ["each"]).ran) == {"first", "each@x", "each@y"}
    assert set(run(repository, client, ["seve*"]).ran) == {"several"}
    with pytest.raises(StudyError, match="--only nothing: no such stage; name one, or one of these kinds: each, first"):
        run(repository, client, ["nothing"])


@pytest.mark.parametrize(
    "command, reason",
    [("echo so it ends >&2; exit 3", r"so it ends \(exit code 3\)"), ("kill -9 $$", "it printed nothing"),
     ("true", "first.txt"), ("nosuchprogram", "nosuchprogram")],
)  # fmt: skip
def test_a_stage_that_fails(repository, client, command, reason):
    stages = yaml.safe_load((repository / "dvc.yaml").read_text())
    stages["stages"]["first"]["cmd"] = command
    (repository / "dvc.yaml").write_text(yaml.safe_dump(stages))
    outcome = run(repository, client)
    assert set(outcome.failed) == {"first"}
    assert re.search(reason, outcome.failed["first"]), outcome.failed
    assert set(outcome.left) == {"several", "each@x", "each@y", "last"}
    assert not (repository / "dvc.lock").exists() or "first" not in read_lock(repository)
    (repository / "dvc.yaml").write_text(yaml.safe_dump({"stages": STAGES}, sort_keys=False))
    assert len(run(repository, client).ran) == 5


def test_an_input_that_nobody_makes(repository, client):
    (repository / "given.txt").unlink()
    outcome = run(repository, client)
    assert "given.txt" in outcome.failed["first"]


def test_a_lock_of_which_a_killed_dvc_left_half_is_put_back(repository, client, capsys):
    run(repository, client)
    whole = (repository / "dvc.lock").read_bytes()
    for left in (0, 10, len(whole) // 2, len(whole) - 3):
        (repository / "dvc.lock").write_bytes(whole[:left])
        restore_locks([repository], repository / ".dvc" / "tmp")
        assert (repository / "dvc.lock").read_bytes() == whole
        assert capsys.readouterr().err.count("\n") == 1
    assert len(run(repository, client).current) == 5


def test_what_a_killed_run_left_of_a_lock_is_removed_where_nothing_is_written(repository, client):
    run(repository, client)
    known = (repository / "dvc.lock").read_bytes()
    left = repository / f"dvc.lock.{re.sub('[^A-Za-z0-9]', '', os.uname().nodename)[:16]}-999999-0a1b2c-2.partial"
    left.write_bytes(known[:100])
    restore_locks([repository], repository / ".dvc" / "tmp")
    assert not left.exists() and (repository / "dvc.lock").read_bytes() == known


def test_a_damaged_lock_is_said_with_what_puts_it_back(repository, client):
    run(repository, client, ["first"])
    lock = repository / "dvc.lock"
    require_whole(lock, repository / ".dvc" / "tmp")
    lock.write_bytes(lock.read_bytes()[:40])
    with pytest.raises(StudyError, match=r"dvc\.lock: damaged.*`pvdbench study run` puts its last good copy back"):
        require_whole(lock, repository / ".dvc" / "tmp")


def test_without_a_copy_a_damaged_lock_is_an_error(repository):
    (repository / "dvc.lock").write_text("schema: '2.0'\nstages:\n  first:\n    cm")
    with pytest.raises(StudyError, match="lock: damaged"):
        restore_locks([repository], repository / ".dvc" / "tmp")


@pytest.mark.parametrize("left", ["", '{"read": {"/a'])
def test_a_list_of_readers_of_which_a_killed_dvc_left_half_is_begun_anew(repository, client, capsys, left):
    (repository / ".dvc" / "tmp" / "rwlock").write_text(left)
    assert "JSON structure is corrupted" in repro(repository)
    assert len(run(repository, client).ran) == 5
    assert "rwlock: was damaged, as by a killed DVC or a full disk" in capsys.readouterr().err
    assert "Running stage" not in repro(repository)


def test_another_dvc_command_is_waited_for(repository, client, capsys):
    hold = ("import sys, time; from dvc.repo import Repo, lock_repo\n"
            "with lock_repo(Repo(sys.argv[1])): print(flush=True); time.sleep(6)")  # fmt: skip
    with subprocess.Popen([sys.executable, "-c", hold, str(repository)], stdout=subprocess.PIPE) as holder:
        holder.stdout.readline()
        assert len(read_graph(repository).stages) == 5
    assert capsys.readouterr().err.count("another DVC command is at work") == 1


def test_dvc_is_kept_from_what_runs(repository, client):
    """A `dvc repro` beside the run says who is at work instead of running the same stage."""
    stages = yaml.safe_load((repository / "dvc.yaml").read_text())
    stages["stages"]["first"]["cmd"] = "touch began; while [ ! -e go ]; do sleep 0.1; done; cat given.txt > first.txt"
    (repository / "dvc.yaml").write_text(yaml.safe_dump(stages))
    said = []

    def beside():
        while not (repository / "began").exists():
            time.sleep(0.05)
        said.append(repro(repository, "first"))
        (repository / "go").touch()

    other = threading.Thread(target=beside)
    other.start()
    outcome = run(repository, client)
    other.join()
    assert "pvdbench study run: first" in said[0]
    assert len(outcome.ran) == 5


def test_parameters_are_parsed_once_and_again_when_they_change(repository, client, monkeypatch):
    """Two stages of one params.yaml: one parse where nothing is to do, and a change of theirs is seen all the same."""
    from dvc.dependency import param

    stages = {name: {"cmd": f"cp params.yaml {name}.txt", "params": [key, "both"], "outs": [f"{name}.txt"]}
              for name, key in (("p", "size"), ("q", "rate"))}  # fmt: skip
    (repository / "dvc.yaml").write_text(yaml.safe_dump({"stages": stages}))
    (repository / "params.yaml").write_text("size: 1\nrate: 2\nboth: [a, b]\n")
    assert set(run(repository, client).ran) == {"p", "q"}
    parsed, load = [], param.load_path
    monkeypatch.setattr(param, "load_path", lambda path, *rest: parsed.append(path) or load(path, *rest))
    with params_read_once():
        assert set(run(repository, client).current) == {"p", "q"}
        assert len(parsed) == 1
        (repository / "params.yaml").write_text("both: [a, c]\nsize: 1\nrate: 3\n")
        outcome = run(repository, client)
        assert set(outcome.ran) == {"p", "q"}
        assert (repository / "dvc.lock").read_text().count("- c\n") == 2  # no reference, where `dvc repro` writes none
        (repository / "params.yaml").write_text("both: [a, c]\nsize: 1\nrate: 4\n")
        outcome = run(repository, client)
        assert (set(outcome.ran), set(outcome.current)) == ({"q"}, {"p"})
    assert (repository / "q.txt").read_text().endswith("rate: 4\n")
    assert "params.yaml" not in repro(repository) and "Running" not in repro(repository)


def test_what_several_stages_read_is_hashed_once_while_the_lock_is_held_and_anew_after(repository, client, monkeypatch):
    from dvc import output

    run(repository, client)
    recorder, hashed, build = Recorder(read_graph(repository), repository.parent / "logs"), [], output.build
    monkeypatch.setattr(output, "build", lambda odb, path, *rest, **more: (
        hashed.append(Path(path).name) or build(odb, path, *rest, **more)))  # fmt: skip

    def changed():
        with recorder.locked():
            return {name for name in ("first", "several", "each@x", "each@y", "last") if recorder.changed(name)}

    assert not changed()
    assert sorted(hashed) == ["first.txt", "given.txt", "last.txt", "many", "x.txt", "y.txt"]
    (repository / "first.txt").write_text("edited\n")
    assert changed() == {"first", "several", "each@x", "each@y"}
    recorder.close()


def test_a_signal_ends_a_foreign_command_that_heeds_none(repository, client):
    """Its own children too, that ignore signals as well; pvdbench's own commands end after their batch."""
    deaf = "trap '' INT TERM; touch began; sleep 61.25 & sleep 61.25"
    (repository / "dvc.yaml").write_text(yaml.safe_dump({"stages": {"deaf": {"cmd": deaf, "outs": ["never.txt"]}}}))

    def stop():
        while not (repository / "began").exists():
            time.sleep(0.05)
        os.kill(os.getpid(), signal.SIGINT)

    stopper = threading.Thread(target=stop)
    stopper.start()
    start = time.monotonic()
    outcome = run(repository, client)
    stopper.join()
    assert outcome.stopped and outcome.left == ["deaf"] and not outcome.failed
    assert time.monotonic() - start < 50  # of the minute that it would sleep
    deadline = time.monotonic() + 10
    while (left := _sleeping("61.25")) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not left


def _sleeping(word):
    """The processes that have this word in their command."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if word in path.read_text(errors="replace").split("\0"):
                found.append(path.parent.name)
    return found


def test_a_lock_that_could_not_be_written_is_let_go_of(repository, monkeypatch, tmp_path):
    """On a full disk DVC takes its lock and fails to write to it; who then waited for it waited for this process."""
    import zc.lockfile

    recorder, on_lock = Recorder(read_graph(repository), tmp_path), zc.lockfile.LockFile._on_lock

    def full(self):
        monkeypatch.setattr(zc.lockfile.LockFile, "_on_lock", on_lock)
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(zc.lockfile.LockFile, "_on_lock", full)
    try:
        with recorder.locked():
            raise AssertionError
    except StudyError as error:
        assert "cannot lock its repository: [Errno 28]" in str(error)
        start = time.monotonic()
        with recorder.locked():  # the error still lives
            assert time.monotonic() - start < 2
    with recorder.locked():
        monkeypatch.setattr(zc.lockfile.LockFile, "_on_lock", full)
        with pytest.raises(StudyError, match=r"first: DVC: .*No space left") as refused:
            recorder.begin("first")  # whose own lock is another file
    with recorder.locked():
        recorder.begin("first")
    recorder.close()
    assert refused.value


@pytest.mark.filterwarnings("error::pytest.PytestUnraisableExceptionWarning")
def test_a_lock_file_that_cannot_be_written_is_told_of_once(repository, monkeypatch, tmp_path):
    import zc.lockfile

    recorder, on_lock = Recorder(read_graph(repository), tmp_path), zc.lockfile.LockFile._on_lock

    def full(self):
        os.dup2(os.open("/dev/full", os.O_RDWR), self._fp.fileno())
        self._fp.write("1234")

    monkeypatch.setattr(zc.lockfile.LockFile, "_on_lock", full)
    with pytest.raises(StudyError, match=r"cannot lock its repository: \[Errno 28\]"), recorder.locked():
        pass
    gc.collect()
    monkeypatch.setattr(zc.lockfile.LockFile, "_on_lock", on_lock)
    with recorder.locked():
        recorder.begin("first")
    recorder.close()
