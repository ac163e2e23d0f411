"""`verify`: whatever is changed after its stage made it is found, named with its size and with where it comes from."""

import contextlib
import json
import shutil
import subprocess
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
import yaml
from command import edit, one_line, pvdbench_here
from conftest import ROOT, make_dataset

from pvdbench.cli.main import cli
from pvdbench.cli.study import command_function
from pvdbench.io.cost import Complexity, write_complexity
from pvdbench.io.flow import write_flow
from pvdbench.io.images import read_frame, write_frame
from pvdbench.io.tables import TRAINING_LOG, write_table
from pvdbench.io.weights import save_weights
from pvdbench.report.outputs import write_page
from pvdbench.report.verdict import read_verdict
from pvdbench.report.verify import verify
from pvdbench.scoring.dataset import score_row
from pvdbench.study import rescore
from pvdbench.study.study import load_study

pytestmark = pytest.mark.slow

FRAMES = ("00000", "00001", "00002")


def _run(*words, cwd):
    done = pvdbench_here(*words, cwd=cwd)
    assert done.returncode == 0, (words, done.stderr)
    return done.stdout


def _dvc(*words, cwd):
    subprocess.run(["dvc", *words], cwd=cwd, check=True, capture_output=True)


def _commit(study):
    for words in (["add", "-A"], ["-c", "user.name=t", "-c", "user.email=t@t", "commit", "-qm", "study"]):
        subprocess.run(["git", *words], cwd=study, check=True)


def _write_outputs(study, params):
    """What trainings and methods would have written."""
    rng, truth = np.random.default_rng(3), study / "data" / "smoke" / "a" / "GT"
    for task in ("motion", "deblur"):
        for row in params[task]:
            for frame in FRAMES:
                path = study / "data" / task / "smoke" / row / "a" / f"{frame}.png"
                path.parent.mkdir(parents=True, exist_ok=True)
                sharp = read_frame(truth / f"{frame}.png").astype(int)
                write_frame(path, np.clip(sharp + rng.integers(-20, 21, sharp.shape), 0, 255).astype(np.uint8))
                if task == "motion":
                    write_flow(path.with_suffix(".flo"), np.full((*sharp.shape[:2], 2), -1, np.float32))
            data = study / "data"
            write_complexity(data / "complexity" / task / "smoke" / f"{row}.json", Complexity({}, None, 48, 48))
            save_weights(data / "weights" / task / f"{row}.safetensors", {"w": torch.ones(4)}, {})
            write_table(data / "training" / task / f"{row}.csv", pd.DataFrame(columns=list(TRAINING_LOG)), TRAINING_LOG)
    save_weights(study / "data/weights/start/liteflownet.safetensors", {"w": torch.ones(4)}, {})
    write_table(study / "data/training/motion/pretrained.csv", pd.DataFrame(columns=list(TRAINING_LOG)), TRAINING_LOG)
    for place in ("reports/figures/a.txt", "reports/assets/scores/a.txt"):
        (study / place).parent.mkdir(parents=True, exist_ok=True)
        (study / place).write_text("as drawn\n")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A study that scored, tabled and committed what it has; its frames were not trained for."""
    study = tmp_path_factory.mktemp("verify") / "study"
    study.mkdir()
    subprocess.run(["git", "init", "-q", study], check=True)
    _dvc("init", "-q", cwd=study)
    for name in ("methods", "pvdbench"):
        (study / name).symlink_to(ROOT / name)
    params = yaml.safe_load((ROOT / "studies" / "smoke" / "params.yaml").read_text()) | {"root": "."}
    params["protocols"]["names"] = ["koehler", "plain-rgb", "temporal", "endpoint"]
    (study / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))
    shutil.copy(ROOT / "dvc.yaml", study / "dvc.yaml")
    make_dataset(study / "data" / "smoke", videos=("a",), frames=3, size=(48, 48))
    shutil.copytree(ROOT / "data" / "published", study / "data" / "published")
    (study / "data" / "given").mkdir()
    (study / "data" / "dvc.yaml").write_text("stages:\n  smoke: {cmd: x, outs: [smoke]}\n")
    (study / ".gitignore").write_text("/data/*/\n/reports/\n__pycache__\n")
    _write_outputs(study, params)
    _run("code", cwd=study)
    _run("score", "truth", "smoke", cwd=study)
    for task in ("motion", "deblur"):
        for row in params[task]:
            _run("score", task, "smoke", row, cwd=study)
    _run("score", "volume", "smoke", cwd=study)
    _run("tables", cwd=study)
    _dvc("commit", "-f", "-q", "dvc.yaml", "data/dvc.yaml", cwd=study)
    _commit(study)
    return study


@pytest.fixture
def study(made, tmp_path):
    """A copy that a test may change."""
    return shutil.copytree(made, tmp_path / "study", symlinks=True)


def test_an_untouched_study_is_equal_and_git_stays_clean(study):
    assert _run("verify", cwd=study).startswith("equal: all files are those of dvc.lock; every frame scored again")
    assert _run("verify", "--sample", "1", cwd=study).startswith("equal: ")
    assert not subprocess.run(["git", "status", "--porcelain"], cwd=study, capture_output=True, check=True).stdout
    assert ": equal (1 frames a row scored again)" in read_verdict(study)


def _pixel(study):
    path = study / "data/deblur/smoke/bimc/a/00001.png"
    frame = read_frame(path).copy()
    frame[20, 20, 1] += 1 if frame[20, 20, 1] < 255 else -1
    write_frame(path, frame)


def _flow(study):
    write_flow(study / "data/motion/smoke/tvl1/a/00001.flo", np.full((48, 48, 2), -1.25, np.float32))


def _lost_frame(study):
    (study / "data/deblur/smoke/baseline/a/00002.png").unlink()


def _foreign_frame(study):
    shutil.copy(study / "data/deblur/smoke/bimc/a/00001.png", study / "data/deblur/smoke/bimc/a/00009.png")


def _score(study):
    path = study / "data/scores/deblur/smoke/bimc.csv"
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    line = table.index[(table["frame"] == "00001") & (table["protocol"] == "koehler")][0]
    table.loc[line, "psnr_db"] = f"{float(table.loc[line, 'psnr_db']) + 0.1:.6f}"
    table.to_csv(path, index=False, lineterminator="\n")


def _truth(study):
    path = study / "data/truth/smoke/truth.csv"
    path.write_text(path.read_text().replace("00001,", "00001,1", 1))


def _weights(study):
    save_weights(study / "data/weights/deblur/bimc.safetensors", {"w": torch.tensor([1, 1, 1.5, 1])}, {})


def _manifest(study):
    path = study / "data/smoke/manifest.csv"
    path.write_text(path.read_text().replace("a/GT/00002.png", "a/GT/00001.png", 1))


def _sharp(study):
    path = study / "data/smoke/a/GT/00001.png"
    write_frame(path, 255 - read_frame(path))


def _table(study):
    path = study / "reports/tables/smoke-table2.csv"
    text = path.read_text()
    number = next(part for line in text.splitlines()[1:] for part in line.split(",") if part.replace(".", "").isdigit())
    path.write_text(text.replace(number, f"{float(number) + 0.25:.2f}", 1))


def _metrics(study):
    path = study / "reports/metrics.json"
    values = json.loads(path.read_text())
    values["smoke"]["deblur"]["bimc"]["psnr_all"] += 1.5
    path.write_text(json.dumps(values, indent=1, sort_keys=True) + "\n")


def _seed(study):
    edit(study, lambda params: params["training"].update(seed=1))


def _option(study):
    edit(study, lambda params: params["deblur"]["bimc"]["network"].update(blocks=3))


def _record(study):
    path = study / "data/code/score-deblur.json"
    path.write_text(path.read_text().replace('": "', '": "0', 1))


def _page(study):
    page = study / "reports" / "index.html"
    write_page(page, "<td>31.25</td>")
    page.write_text(page.read_text().replace("31.25", "31.35"))


_NOW = "changed since its stage made it: "
CHANGES = [
    (_pixel, f"data/deblur/smoke/bimc/a/00001.png: {_NOW}1 of 6912 values differ, by 1 of 255", "frames"),
    (_flow, f"data/motion/smoke/tvl1/a/00001.flo: {_NOW}4608 of 4608 values differ, by 0.25 px", "frames"),
    (_lost_frame, "data/deblur/smoke/baseline/a/00002.png: it is not there", "frames"),
    (_foreign_frame, "data/deblur/smoke/bimc/a/00009.png: it was not there when its stage ended", "frames"),
    (_score, f"data/scores/deblur/smoke/bimc.csv: {_NOW}1 value differs, by 0.1 at most: smoke, bimc, deblur, a, "
     "00001, koehler, psnr_db", "scores"),
    (_truth, f"data/truth/smoke/truth.csv: {_NOW}1 value differs", "scores"),
    (_weights, f"data/weights/deblur/bimc.safetensors: {_NOW}1 of 1 tensors differ, by 0.5 at", "weights"),
    (_manifest, f"data/smoke/manifest.csv: {_NOW}1 value differs", "data"),
    (_sharp, f"data/smoke/a/GT/00001.png: {_NOW}6", "data"),
    (_table, f"reports/tables/smoke-table2.csv: {_NOW}1 value differs, by ", "tables"),
    (_metrics, f"reports/metrics.json: {_NOW}1 value differs, by 1.5 at most: smoke.deblur.bimc", "tables"),
    (_page, "reports/index.html: it is not as `pvdbench report` wrote it", "tables"),
    (_seed, "params.yaml: training.seed is modified since", "settings"),
    (_option, "data/code/train-deblur/bimc.json: the stage ran other code, options or settings", "code"),
    (_record, "data/code/score-deblur.json", "code"),
]  # fmt: skip


@pytest.fixture(scope="module")
def differences(made, tmp_path_factory):
    """All changes in one study, and what a run finds."""
    study = shutil.copytree(made, tmp_path_factory.mktemp("changed") / "study", symlinks=True)
    for change, _, _ in CHANGES:
        change(study)
    with contextlib.chdir(study):
        found = verify(load_study(Path()), partial(command_function, cli), sample=1)
        return [str(difference) for difference in found], read_verdict(Path())


@pytest.mark.parametrize("change, said, origin", CHANGES, ids=lambda part: getattr(part, "__name__", ""))
def test_a_change_is_named_with_its_size_and_origin(differences, change, said, origin):
    lines = [line for line in differences[0] if line.startswith(said)]
    assert lines and all(line.endswith(f"; from: {origin}") for line in lines), "\n".join(differences[0])


def test_the_first_difference_is_the_first_cause_and_the_report_has_the_verdict(differences):
    lines, verdict = differences
    assert lines[0].endswith("; from: code") and f"{len(lines)} differences, the first: {lines[0][:40]}" in verdict


def test_a_machine_that_computes_otherwise_is_told_from_a_change(study, monkeypatch):
    def otherwise(row, out, **how):
        score_row(row, out, **how)
        if row.method == "bimc":
            table = pd.read_csv(out, dtype=str, keep_default_na=False)
            line = table.index[table["protocol"] == "koehler"][0]
            table.loc[line, "psnr_db"] = f"{float(table.loc[line, 'psnr_db']) + 0.01:.6f}"
            table.to_csv(out, index=False, lineterminator="\n")

    monkeypatch.setattr(rescore, "score_row", otherwise)
    with contextlib.chdir(study):
        (found,) = verify(load_study(Path()), partial(command_function, cli))
    assert found.origin == "arithmetic" and found.path == Path("data/scores/deblur/smoke/bimc.csv")
    assert found.what.startswith("scored again, 1 value differs, by 0.01 at most") and "from: arithmetic" in str(found)


def test_a_score_is_found_by_scoring_again_and_an_older_verdict_is_no_verdict(study):
    _score(study)
    run = pvdbench_here("verify", cwd=study)
    first, second, *tables = run.stdout.splitlines()
    assert run.returncode == 1 and first.startswith("different: data/scores/deblur/smoke/bimc.csv: changed since its")
    assert second.startswith("  then: data/scores/deblur/smoke/bimc.csv: scored again, 1 value differs, by 0.1 at most")
    assert second.endswith("from: scores") and all("from: scores" in line for line in tables[:-1])
    assert tables[-1].startswith("  and ")
    lock = study / "dvc.lock"
    lock.write_text(lock.read_text() + "\n")
    assert read_verdict(study).startswith("not verified since the study ran again; before, verified on ")


def test_another_machine_s_folder_is_equal_close_or_different(study, made):
    assert "equal to" in _run("verify", "--against", str(made), cwd=study)
    path = study / "data/scores/deblur/smoke/bimc.csv"
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    table.loc[0, "psnr_db"] = f"{float(table.loc[0, 'psnr_db']) + 0.001:.6f}"
    table.to_csv(path, index=False, lineterminator="\n")
    said = _run("verify", "--against", str(made), cwd=study)
    assert said.startswith("equal within the tolerance to") and "by 0.001 at most" in said
    _score(study)
    run = pvdbench_here("verify", "--against", str(made), cwd=study)
    assert run.returncode == 1 and run.stdout.startswith("different from") and "by 0.1 at most" in run.stdout


def test_a_revision_is_equal_or_differs_by_stage_and_number(study):
    assert "equal to HEAD: " in _run("verify", "--against", "HEAD", cwd=study)
    _score(study)
    _dvc("commit", "-f", "-q", "dvc.yaml:score-deblur@smoke-bimc", cwd=study)
    run = pvdbench_here("verify", "--against", "HEAD", cwd=study)
    assert run.returncode == 1 and run.stdout.startswith("different from HEAD: ")
    assert "data/scores/deblur/smoke/bimc.csv: 1 value differs, by 0.1 at most" in run.stdout
    assert "score-deblur@smoke-bimc: data/scores/deblur/smoke/bimc.csv" in run.stdout
    assert "--against: it names nothing" in one_line(pvdbench_here("verify", "--against", "", cwd=study))
    assert "no-such: Git has no such revision" in one_line(pvdbench_here("verify", "--against", "no-such", cwd=study))
