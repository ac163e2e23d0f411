"""The comparison of dvc.lock with the committed one, by locks written by hand."""

import subprocess

import pytest
import yaml
from conftest import ROOT

from pvdbench.core.errors import StudyError
from pvdbench.study.against import compare
from pvdbench.study.study import load_study

STAGES = ("code", "train-motion@static", "tables")


@pytest.fixture
def study(tmp_path, monkeypatch):
    """The smoke study in a repository of its own, locks not yet committed; DVC lists three stages."""
    monkeypatch.setattr("pvdbench.study.against.stage_names", lambda folder: list(STAGES))
    monkeypatch.setattr("pvdbench.study.against.cache_folder", lambda folder: folder / "cache")
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    (tmp_path / "methods").symlink_to(ROOT / "methods")
    (tmp_path / "data").mkdir()
    params = yaml.safe_load((ROOT / "studies" / "smoke" / "params.yaml").read_text())
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(params | {"root": "."}))
    return tmp_path


def entry(md5, **more):
    return {
        "cmd": "pvdbench x",
        "deps": [{"path": "in", "md5": "1" * 32}],
        "outs": [{"path": "out", "md5": md5 * 32}],
    } | more


def lock(folder, **stages):
    (folder / "dvc.lock").write_text(yaml.safe_dump({"schema": "2.0", "stages": stages}))


def commit(study):
    for words in (["add", "-A"], ["-c", "user.name=t", "-c", "user.email=t@t", "commit", "-qm", "locks"]):
        subprocess.run(["git", *words], cwd=study, check=True)


def said(study):
    return str(compare(load_study(study), "HEAD")).splitlines()


def test_the_same_lock_reproduces_and_stages_of_other_studies_do_not_count(study):
    lock(study, **{name: entry("a") for name in (*STAGES, "a-stage-that-is-no-more")})
    lock(study / "data", smoke=entry("a"), sample=entry("a"), su=entry("a"))
    commit(study)
    assert said(study) == ["equal to HEAD: 4 of 4 stages reproduce dvc.lock; 0 of 0 files of numbers have equal bytes"]
    lock(study / "data", smoke=entry("a"), sample=entry("b"), su=entry("a"))  # which this study does not use
    assert said(study) == ["equal to HEAD: 4 of 4 stages reproduce dvc.lock; 0 of 0 files of numbers have equal bytes"]


def test_what_differs_is_named_with_its_paths(study):
    lock(study, **{name: entry("a") for name in STAGES})
    lock(study / "data", smoke=entry("a"))
    commit(study)
    lock(study, code=entry("a", params={"params.yaml": {"motion": 1}}), tables=entry("b"))
    lock(study / "data", smoke=entry("a", deps=[]))
    assert said(study) == [
        "equal in every number to HEAD: 0 of 4 stages reproduce dvc.lock; 0 of 0 files of numbers have equal bytes",
        "  code: params", "  data:smoke: in", "  tables: out",
        "  train-motion@static: on one side only",
    ]  # fmt: skip


def test_without_a_committed_lock_there_is_nothing_to_compare(study):
    commit(study)
    lock(study, code=entry("a"))
    with pytest.raises(StudyError, match=r"dvc\.lock of HEAD: not in Git's last commit, so nothing can be"):
        compare(load_study(study), "HEAD")
    (study / "dvc.lock").unlink()
    with pytest.raises(StudyError, match=r"dvc\.lock: not there, so nothing can be compared; run `dvc repro` first"):
        compare(load_study(study), "HEAD")


DAMAGED = {
    "cut": b"stages: [",
    "a list": b"stages: [a, b]",
    "a number": b"stages: 5",
    "an entry": b"stages: {code: 5}",
    "a part": b"stages: {code: {deps: [1]}}",
    "a part without path": b"stages: {code: {outs: [{md5: a}]}}",
    "bytes": b"\xff\xfe\x00",
    "a merge": b"<<<<<<< HEAD\nstages: {}\n=======\nstages: {code: {}}\n>>>>>>> theirs\n",
}


@pytest.mark.parametrize("folder", [".", "data"])
@pytest.mark.parametrize("content", DAMAGED.values(), ids=DAMAGED.keys())
def test_a_damaged_lock_is_one_line(study, folder, content):
    lock(study, code=entry("a"))
    lock(study / "data", smoke=entry("a"))
    commit(study)
    (study / folder / "dvc.lock").write_bytes(content)
    with pytest.raises(
        StudyError, match=r"dvc\.lock: damaged or not a lock file of DVC \(.*\); restore it from a good"
    ):
        compare(load_study(study), "HEAD")
    commit(study)
    lock(study / folder, code=entry("a"))
    with pytest.raises(StudyError, match=r"dvc\.lock of HEAD: damaged or not a lock file of DVC \(.*\); restore"):
        compare(load_study(study), "HEAD")


def test_without_the_command_git_it_is_one_line(study, monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(StudyError, match="the command git was not found, which names the report's commit; install Git"):
        load_study(study)


def test_a_study_below_the_top_is_compared_with_its_own_lock(study):
    folder = study / "studies" / "mine"
    folder.mkdir(parents=True)
    params = yaml.safe_load((study / "params.yaml").read_text()) | {"root": "../.."}
    (folder / "params.yaml").write_text(yaml.safe_dump(params))
    lock(study, code=entry("a"))
    lock(study / "data", smoke=entry("a"))
    lock(folder, code=entry("b"), tables=entry("b"))
    commit(study)
    assert said(folder) == ["equal to HEAD: 3 of 3 stages reproduce dvc.lock; 0 of 0 files of numbers have equal bytes"]
    lock(folder, code=entry("b"), tables=entry("c"))
    assert said(folder) == [
        "equal in every number to HEAD: 2 of 3 stages reproduce dvc.lock; 0 of 0 files of numbers have equal bytes",
        "  tables: out",
    ]  # fmt: skip
