"""A temporary folder goes with its process: also after kill -9, by the next command; one in use stays."""

import os
import signal
import subprocess
import sys

from conftest import ROOT

from pvdbench.methods.surroundings import own_folder

HOLD = """
from pvdbench.methods.surroundings import own_folder
with own_folder() as folder:
    (folder / "frame.png").write_bytes(b"x")
    print(folder, flush=True)
    input()
"""


def test_a_killed_process_leaves_a_folder_for_the_next_one_to_remove(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    theirs = tmp_path / "pvdbench-work-of-mine"
    theirs.mkdir()
    environment = os.environ | {"PYTHONPATH": str(ROOT), "TMPDIR": str(tmp_path)}
    held = [
        subprocess.Popen([sys.executable, "-c", HOLD], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        for _ in range(2)
    ]
    killed, living = (tmp_path / process.stdout.readline().decode().strip() for process in held)
    held[0].send_signal(signal.SIGKILL)
    held[0].wait()
    assert killed.exists()
    with own_folder() as folder:
        assert {*tmp_path.iterdir()} == {living, folder, theirs}
    held[1].communicate(b"\n")
    assert {*tmp_path.iterdir()} == {theirs}
