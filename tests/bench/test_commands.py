"""What a command takes is measured where it can run, and said where it cannot."""

import pytest

from pvdbench.bench.command_parts import command_parts
from pvdbench.bench.part import NotMeasuredError, Setting

PARTS = {part.name: part for part in command_parts()}


@pytest.fixture
def study(tmp_path, monkeypatch):
    """A pvdbench that says of each folder what state.txt in it holds, and writes down what it was asked to run."""
    package = tmp_path / "tree" / "pvdbench"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "__main__.py").write_text(
        "import sys; from pathlib import Path; words = ' '.join(sys.argv[1:])\n"
        "with open('asked.txt', 'a') as file: file.write(words + '\\n')\n"
        "state = Path('state.txt').read_text()\n"
        "sys.exit(print(state) if 'dry' in words else 'no worker' if 'ill' in state else 0)\n"
    )
    environment = {"PYTHONPATH": str(tmp_path / "tree"), "PATH": ""}
    monkeypatch.setattr("pvdbench.bench.command_parts._environment", lambda: environment)
    return tmp_path


def work(folder, name, *, another=False):
    return PARTS[name].work(Setting(96, 64, 1, folder, folder, another))


def test_a_finished_study_is_run_again(study):
    (study / "state.txt").write_text("0 stages run, 0 may run after them, 63 are up to date")
    work(study, "no-op-study").call()
    assert (study / "asked.txt").read_text() == "study run --dry-run\nstudy run\n"


@pytest.mark.parametrize("state", ["1 stages run, 2 may run after them", "10 stages run, 0 may run after them", ""])
def test_a_study_with_something_to_do_is_left_alone(study, state):
    (study / "state.txt").write_text(state)
    with pytest.raises(NotMeasuredError, match="holds no finished study"):
        work(study, "no-op-study")
    assert (study / "asked.txt").read_text() == "study run --dry-run\n"


def test_another_version_never_runs_the_study(study):
    with pytest.raises(NotMeasuredError, match="would run the stages again"):
        work(study, "no-op-study", another=True)
    assert not (study / "asked.txt").exists()


def test_a_command_that_fails_is_said_with_its_last_line(study):
    (study / "state.txt").write_text("0 stages run, 0 may run after them; ill")
    with pytest.raises(NotMeasuredError, match=r"`-m pvdbench study` ended with 1 \(no worker\)"):
        work(study, "no-op-study").call()
