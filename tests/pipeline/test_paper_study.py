"""The paper's study from downloads to the report, in small: all videos of both data sets, three tiny frames each."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import torch
import yaml
from conftest import ROOT
from datasets.miniature import write_nah_archive, write_splits, write_su_archive
from datasets.server import Served, serving

from pvdbench.io.weights import save_weights
from pvdbench.networks.flownet2 import FlowNet2
from pvdbench.networks.motion import motion_header

pytestmark = pytest.mark.pipeline
MOTION = ("static", "flownet2", "liteflownet", "bimnet-fn2", "bimnet")
DEBLUR = ("input", "bimc", "bimc-pv", "pvdnet-ca", "ifirnn")
TINY = {"steps": 2, "batch": 1, "crop": [32, 32], "workers": 0, "decay_steps": []}


def narrowed(params):
    """The paper's rows that the test has time for, on both data sets, by networks and recipes of seconds."""
    params = {**params, "threads": 1, "datasets": {"pretrain": "smoke", "train": "su", "test": ["su", "nah"]}}
    params["motion"] = {row: params["motion"][row] for row in MOTION}
    params["deblur"] = {row: params["deblur"][row] for row in DEBLUR}
    for row in params["deblur"].values():
        if "network" in row:
            row["network"] |= {"width": 0.0625, "blocks": 1}
            row["training"] = {}
    short = {"steps": 2, "batch": 1, "crop": [16, 16], "sequence": 3, "cosine": None}
    params["deblur"]["ifirnn"] |= {"options": {"channels": 2, "blocks": 1}, "training": short}
    motion = params["training"]["motion"]
    motion |= {"width": 0.0625, "pretrain": motion["pretrain"] | TINY, "finetune": motion["finetune"] | TINY}
    params["training"]["deblur"] |= TINY | {"sequence": 3}
    params["protocols"]["names"] = ["koehler", "plain-rgb"]
    tables = params["tables"]
    for table, rows in (("table1", MOTION), ("table2", DEBLUR), ("table3", DEBLUR), ("table4", DEBLUR),
                        ("published", DEBLUR)):  # fmt: skip
        tables[table] = {row: label for row, label in tables[table].items() if row in rows}
    flow = {"rows": ["liteflownet", "bimnet"], "better": "bimnet", "worse": "liteflownet"}
    deblur = {"rows": ["input", "bimc-pv"], "better": "bimc-pv", "worse": "input"}
    qualitative = {"datasets": ["real"], "rows": ["input", "ifirnn", "bimc-pv"], "count": 2}
    tables["figures"] = {"flow": flow, "deblur": deblur, "qualitative": qualitative, "bins": 2}
    return params


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """The repository's files as they are, the paper's study narrowed, archives on a local server."""
    root = tmp_path_factory.mktemp("paper") / "pvdbench"
    listed = subprocess.run(["git", "-C", ROOT, "ls-files", "--cached", "--others", "--exclude-standard"],
                            capture_output=True, text=True, check=True).stdout.split("\n")  # fmt: skip
    for name in filter(None, listed):
        if (ROOT / name).is_file() and not name.endswith("dvc.lock"):
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, root / name)
    folder = root / "studies" / "paper"
    params = yaml.safe_load((folder / "params.yaml").read_text())
    (folder / "params.yaml").write_text(yaml.safe_dump(narrowed(params), sort_keys=False))
    write_splits(root / "data" / "splits.csv")
    torch.manual_seed(0)
    network = FlowNet2(1 / 16)
    save_weights(root / "data" / "given" / "flownet2.safetensors", network.state_dict(), motion_header(network))
    for command in (
        ["init", "-q"],
        ["add", "-A"],
        ["-c", "user.name=t", "-c", "user.email=t@t", "commit", "-qm", "all"],
    ):
        subprocess.run(["git", *command], cwd=root, check=True)
    return root


def run(root, *command):
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False,
                          env=os.environ | {"PATH": path, "PYTHONPATH": str(root)})  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done


def study_run(root):
    """The stages that ran."""
    done = run(root, "pvdbench", "study", "run", "--study", "studies/paper", "--jobs", "2")
    return re.findall(r"^(?:.*dvc\.yaml:)?(\S+): [\d.]+ s$", done.stderr, re.MULTILINE)


def test_the_papers_study_runs_from_downloads_to_the_report(study, tmp_path):
    files = {"/su.zip": write_su_archive(tmp_path / "su.zip"), "/nah.zip": write_nah_archive(tmp_path / "nah.zip")}
    served = {name: Served(path.read_bytes(), drop_after=300_000) for name, path in files.items()}
    with serving(served) as address:
        sources = yaml.safe_load((study / "data" / "sources.yaml").read_text())
        for name in ("su", "nah"):
            sources["archives"][name] |= {"urls": [f"{address}/{name}.zip"], "sha256": None}
        (study / "data" / "sources.yaml").write_text(yaml.safe_dump(sources, sort_keys=False))
        ran = study_run(study)
    assert {"su", "nah", "real", "smoke", "report"} <= set(ran) and "sample" not in ran and "nah-linear" not in ran
    for dataset, clips in (("su", 10), ("nah", 11)):
        manifest = pd.read_csv(study / "data" / dataset / "manifest.csv", dtype=str)
        assert manifest[manifest["split"] == "test"]["video"].nunique() == clips
        scores = pd.read_csv(study / "studies/paper/data/scores/deblur" / dataset / "bimc-pv.csv", dtype={"frame": str})
        assert len(scores) == clips * 3 * 2 and scores["psnr_db"].notna().all()  # frames and protocols
        table = pd.read_csv(study / f"studies/paper/reports/tables/{dataset}-table1.csv").set_index("row")
        assert table.loc[["flownet2", "bimnet-fn2"], "psnr_db_all"].notna().all()
    page = (study / "studies" / "paper" / "reports" / "index.html").read_text()
    assert len(re.findall(r"src=\"figures/real-[^\"]+\.png", page)) == 2
    assert "Su et al. 2017" in page and "Table 5" in page and "BIMNet" in page
    assert study_run(study) == []  # and no server is needed any more
    assert "Running stage" not in run(study, "dvc", "repro", "studies/paper/dvc.yaml").stdout
