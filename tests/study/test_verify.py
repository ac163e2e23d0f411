"""The comparison of dvc.lock with the committed one, by locks written by hand."""

import subprocess

import pytest
import yaml
from conftest import ROOT

from pvdbench.core.errors import StudyError
from pvdbench.study.study import load_study
from pvdbench.study.verify import verify_study

STAGES = ("code", "train-motion@static", "tables")


@pytest.fixture
def study(tmp_path, monkeypatch):
    """The smoke study in a repository of its own, locks not yet committed; DVC lists three stages."""
    monkeypatch.setattr("pvdbench.study.verify.stage_names", lambda folder: list(STAGES))
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
        "outs": [{"path": "out", "md5": md5}],
    } | more


def lock(folder, **stages):
    (folder / "dvc.lock").write_text(yaml.safe_dump({"schema": "2.0", "stages": stages}))


def commit(study):
    for words in (["add", "-A"], ["-c", "user.name=t", "-c", "user.email=t@t", "commit", "-qm", "locks"]):
        subprocess.run(["git", *words], cwd=study, check=True)


def said(study):
    return str(verify_study(load_study(study))).splitlines()


def test_the_same_lock_reproduces_and_stages_of_other_studies_do_not_count(study):
    lock(study, **{name: entry("a") for name in (*STAGES, "a-stage-that-is-no-more")})
    lock(study / "data", smoke=entry("a"), sample=entry("a"), su=entry("a"))
    commit(study)
    assert said(study) == ["4 of 4 stages reproduce dvc.lock"]
    lock(study / "data", smoke=entry("a"), sample=entry("b"), su=entry("a"))  # which this study does not use
    assert said(study) == ["4 of 4 stages reproduce dvc.lock"]


def test_what_differs_is_named_with_its_paths(study):
    lock(study, **{name: entry("a") for name in STAGES})
    lock(study / "data", smoke=entry("a"))
    commit(study)
    lock(study, code=entry("a", params={"params.yaml": {"motion": 1}}), tables=entry("b"))
    lock(study / "data", smoke=entry("a", deps=[]))
    assert said(study) == [
        "0 of 4 stages reproduce dvc.lock", "  code: params", "  data:smoke: in", "  tables: out",
        "  train-motion@static: on one side only",
    ]  # fmt: skip


def test_without_a_committed_lock_there_is_nothing_to_compare(study):
    commit(study)
    lock(study, code=entry("a"))
    with pytest.raises(StudyError, match=r"dvc\.lock: not in Git's last commit, so nothing can be compared; commit it"):
        verify_study(load_study(study))
    lock(study / "data")
    (study / "dvc.lock").write_text("stages: [")
    commit(study)
    with pytest.raises(StudyError, match=r"dvc\.lock: not a lock file of DVC \(.*\); restore it"):
        verify_study(load_study(study))
