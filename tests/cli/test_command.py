"""The command as a user meets it: one line and exit code 2 for whatever can be mended."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from command import edit, files, one_line, pvdbench, pvdbench_here
from conftest import ROOT

from pvdbench.study.study import load_study


@pytest.mark.parametrize(
    ("name", "rows"),
    [
        (".", (6, 12)),
        ("studies/smoke", (4, 5)),
        ("studies/variants", (3, 13)),
        ("studies/paper-nah", (4, 15)),
    ],
)
def test_the_studies_are_valid(name, rows):
    run = pvdbench_here("validate", "--study", name)
    assert run.returncode == 0 and "{} motion rows, {} deblur rows: fine".format(*rows) in run.stdout, run.stderr


@pytest.mark.parametrize(("name", "weights"), [("studies/paper", "flownet2"), ("studies/paper-released", "BIMNet")])
def test_studies_that_need_weights_of_the_user_say_so(name, weights):
    if not (ROOT / "data" / "given" / f"{weights}.safetensors").exists():
        assert f"data/given/{weights}.safetensors: " in one_line(pvdbench_here("validate", "--study", name))
    load_study(ROOT / name)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda p: p.update(trainig={}),
            "params.yaml: trainig: unknown key 'trainig'; choose from datasets, deblur, isolation, methods, motion",
        ),
        (
            lambda p: p["training"]["deblur"].update(step=3),
            "training.deblur.step: unknown key 'step'; choose from batch, channels_last",
        ),
        (
            lambda p: p["training"]["deblur"].update(steps=0),
            "training.deblur.steps: input should be greater than or equal to 1, got 0; correct it",
        ),
        (
            lambda p: p["training"]["motion"]["pretrain"].update(learning_rate=float("nan")),
            "training.motion.pretrain.learning_rate: input should be a finite number, got nan; correct it",
        ),
        (
            lambda p: p["deblur"]["bimc"].update(method="nobody"),
            "methods: no method 'nobody' with a method.yaml is there",
        ),
        (
            lambda p: p["deblur"]["bimc"].update(method="tvl1"),
            "deblur: 'tvl1' is a method for 'motion'; name one for 'deblur'",
        ),
        (
            lambda p: p["deblur"]["bimc"].update(motion="raft"),
            "motion: no row 'raft'; choose from static, tvl1, liteflownet",
        ),
        (lambda p: p["tables"]["table2"].update(edvr="EDVR"), "deblur: no row 'edvr'; choose from input, baseline"),
        (
            lambda p: p.update(root="nowhere"),
            "root: 'nowhere' is not the way to the folder that holds methods/; correct it",
        ),
        (
            lambda p: p["tables"].update(protocol="ssim"),
            "tables.protocol: 'ssim' gives no PSNR here; choose from koehler, koehler-sub",
        ),
        (lambda p: p["protocols"]["volume"].update(motion="raft"), "motion: no row 'raft'; choose from static, tvl1"),
        (
            lambda p: p["protocols"].update(names=["psnr"]),
            "protocols: unknown protocol 'psnr'; choose from all, koehler, koehler-subpixel",
        ),
    ],
)
def test_a_mistake_in_the_parameters_stops_any_command_before_it_writes(study, change, message):
    edit(study, change)
    before = files(study)
    for command in (["validate"], ["train", "motion", "static"], ["score", "deblur", "smoke", "input"]):
        assert message in one_line(pvdbench_here(*command, cwd=study))
    assert files(study) == before


def test_outside_a_git_repository(study):
    shutil.rmtree(study / ".git")
    message = one_line(pvdbench_here("validate", cwd=study))
    assert "not in a Git repository" in message and "run `git init` and commit" in message


def test_outside_a_study(tmp_path):
    assert "params.yaml: this parameter file is not there" in one_line(pvdbench_here("tables", cwd=tmp_path))


def test_a_row_that_is_not_there(study):
    message = one_line(pvdbench_here("infer", "deblur", "smoke", "edvr", cwd=study))
    assert "deblur: no row 'edvr'; choose from input, baseline, bimc" in message


@pytest.mark.slow
def test_a_data_set_that_is_not_there(study):
    pvdbench("train", "deblur", "input", cwd=study)
    assert "data/su: this data set is not there: it has no manifest.csv" in one_line(
        pvdbench_here("infer", "deblur", "su", "input", cwd=study)
    )


@pytest.mark.slow
def test_a_stage_by_hand_and_bad_frames_that_lose_nothing(study):
    for command in (
        ["train", "motion", "static"],
        ["infer", "motion", "smoke", "static"],
        ["score", "motion", "smoke", "static"],
    ):
        run = pvdbench(*command, cwd=study)
        assert run.returncode == 0, run.stderr
    scores = study / "data" / "scores" / "motion" / "smoke" / "static.csv"
    assert scores.exists() and (study / "data" / "cost" / "motion" / "smoke" / "static.json").exists()
    before = files(study)
    frame = study / "data" / "smoke" / "b" / "GT" / "00002.png"
    kept = frame.read_bytes()
    frame.write_bytes(kept[:300])
    assert "b/GT/00002.png: this is no readable PNG or JPEG" in one_line(
        pvdbench("infer", "motion", "smoke", "static", cwd=study)
    )
    frame.unlink()
    assert "b/GT/00002.png: this frame is not there" in one_line(
        pvdbench("score", "motion", "smoke", "static", cwd=study)
    )
    frame.write_bytes(kept)
    assert files(study) == before
    run = pvdbench("infer", "motion", "smoke", "static", "--jobs", "2", cwd=study)
    assert run.returncode == 0, run.stderr
    assert [path for path, content in files(study).items() if before.get(path) != content] == [
        Path("data/cost/motion/smoke/static.json")
    ]


def test_help_is_there_before_anything_large_is_imported():
    run = pvdbench("--help")
    assert run.returncode == 0 and "Usage: pvdbench" in run.stdout.replace("-c", "pvdbench")
    large = "'torch', 'numpy', 'pandas', 'scipy', 'dvc', 'rich'"
    code = f"import sys, pvdbench.cli.main; print(*{{{large}}} & sys.modules.keys())"
    found = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert found.stdout.split() == []


@pytest.mark.slow
def test_lpips_is_skipped_with_the_file_that_it_needs(study):
    frames = study / "data" / "smoke" / "a" / "GT"
    folders = ["--truth", str(frames), "--estimate", str(frames)]
    run = pvdbench_here("score", "folder", *folders, "--protocol", "lpips", "--out", "s.csv", cwd=study)
    assert "lpips: skipped: needs lpips-alex.safetensors" in one_line(run)
    assert not (study / "s.csv").exists()
    run = pvdbench("score", "folder", *folders, "--protocol", "all", "--out", "s.csv", "--jobs", "2", cwd=study)
    assert run.returncode == 0 and "lpips: skipped" in run.stderr and "koehler: identical over 3 frames" in run.stdout
    assert "inf" in (study / "s.csv").read_text()
    message = one_line(pvdbench_here("score", "folder", *folders, "--protocol", "psnr", "--out", "t.csv", cwd=study))
    assert "unknown protocol 'psnr'; choose from all, koehler" in message


@pytest.mark.slow
def test_weights_show_says_what_a_file_holds(study):
    pvdbench("train", "motion", "static", cwd=study)
    run = pvdbench_here("weights", "show", "data/weights/motion/static.safetensors", cwd=study)
    assert run.returncode == 0 and "method: static" in run.stdout and "0 parameters in 0 tensors" in run.stdout
    assert "sha256 " in run.stdout
    assert "this weights file is not there" in one_line(pvdbench_here("weights", "show", "gone", cwd=study))


def test_packing_by_hand(study):
    run = pvdbench_here("datasets", "pack", "smoke", cwd=study)
    assert run.returncode == 0 and "smoke: 4 arrays written" in run.stdout, run.stderr


def test_an_unknown_command_is_clicks_own_error():
    run = pvdbench("deblurr")
    assert run.returncode == 2 and "No such command" in run.stderr


def test_no_path_of_this_machine_is_in_the_repository():
    tracked = subprocess.run(["git", "-C", ROOT, "ls-files"], capture_output=True, text=True, check=True).stdout.split()
    text = [ROOT / name for name in tracked if Path(name).suffix in {".py", ".md", ".yaml", ".toml", ".j2", ""}]
    assert [p for p in text if p.is_file() and "/wor" + "k/" in p.read_text(errors="ignore")] == []


def test_the_report_of_a_study_without_scores_and_against_nothing(study):
    git = ["git", "-C", str(study), "-c", "user.name=test", "-c", "user.email=test@example.org"]
    subprocess.run([*git, "add", "params.yaml", "methods"], check=True)
    subprocess.run([*git, "commit", "-q", "-m", "study"], check=True)
    for options, name in (((), "index.html"), (("--single-file",), "report.html")):
        run = pvdbench_here("report", *options, cwd=study)
        assert run.returncode == 0, run.stderr
        assert "No scores yet" in (study / "reports" / name).read_text()
    line = one_line(pvdbench_here("report", "--against", "nowhere", cwd=study))
    assert "nowhere: neither a folder nor a Git revision whose scores DVC has" in line and "dvc fetch" in line
