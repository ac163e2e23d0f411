"""`pvdbench tables --format`: the measured tables as text, and LaTeX that compiles as it is."""

import re
import shutil
import subprocess

import pytest
import yaml
from command import one_line, pvdbench_here
from conftest import ROOT
from fake_study import RANKING, TABLE_PARAMS, make_fake_study

from pvdbench.tables.build import build_tables


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """The default study's parameters over a fake study's tables."""
    fake = make_fake_study(tmp_path_factory.mktemp("printed") / "study", videos=2, frames=4)
    build_tables(fake.root, fake.root, datasets=["sample"], params=TABLE_PARAMS, ranking=RANKING)
    shutil.copytree(ROOT / "methods", fake.root / "methods", ignore=shutil.ignore_patterns("__pycache__"))
    params = yaml.safe_load((ROOT / "params.yaml").read_text())
    (fake.root / "params.yaml").write_text(yaml.safe_dump(params | {"root": "."}, sort_keys=False))
    return fake.root


def _printed(study, *arguments):
    run = pvdbench_here("tables", *arguments, cwd=study)
    assert run.returncode == 0, run.stderr
    return run.stdout


def test_tables_are_printed_as_they_were_written(study):
    before = {path: path.stat().st_mtime_ns for path in (study / "reports").rglob("*")}
    for form, ending in (("latex", "tex"), ("markdown", "md"), ("csv", "csv")):
        files = [study / "reports" / "tables" / f"sample-{name}.{ending}" for name in ("table2", "table1")]
        printed = _printed(study, "--format", form, "--name", "table2", "--name", "table1")
        assert printed == "\n".join(path.read_text() for path in files)
        measured = _printed(study, "--format", form, "--name", "table3")  # with this machine's times, which no file has
        written = (study / "reports" / "tables" / f"sample-table3.{ending}").read_text()
        assert re.search(r"\b20\.0\b", measured) and not re.search(r"\b20\.0\b", written)
    whole = _printed(study, "--format", "latex")
    assert whole.count(r"\begin{table}") == len(list((study / "reports" / "tables").glob("*.tex"))) > 10
    assert {path: path.stat().st_mtime_ns for path in (study / "reports").rglob("*")} == before


def test_what_cannot_be_printed(study, tmp_path):
    message = one_line(pvdbench_here("tables", "--format", "csv", "--name", "table9", cwd=study))
    assert "sample: no table 'table9'; choose from table1, table2, table3, " in message
    assert "it goes with --format" in pvdbench_here("tables", "--name", "table1", cwd=study).stderr
    moved = shutil.copytree(study, tmp_path / "none", ignore=shutil.ignore_patterns("reports"))
    assert "'sample' has no tables yet" in one_line(pvdbench_here("tables", "--format", "csv", cwd=moved))


@pytest.mark.skipif(
    shutil.which("pdflatex") is None, reason="no pdflatex in PATH; `apt-get install texlive-latex-recommended`"
)
def test_printed_latex_compiles_with_booktabs_and_stays_on_the_page(study, tmp_path):
    tables = _printed(study, "--format", "latex")
    head = "\\documentclass{article}\n\\usepackage{booktabs}\n\\begin{document}\n"
    (tmp_path / "all.tex").write_text(f"{head}{tables}\\end{{document}}\n")
    boxed = re.compile(r"\\makebox\[\\linewidth\]\{%\n(.*?\\end\{tabular\})\}", re.DOTALL)
    measured = boxed.sub(r"\\sbox0{\1}\\typeout{WIDTH \\the\\wd0}", tables)
    (tmp_path / "widths.tex").write_text(f"{head}{measured}\\end{{document}}\n")
    told = {}
    for name in ("all", "widths"):
        command = ["pdflatex", "-halt-on-error", "-interaction=nonstopmode", f"{name}.tex"]
        run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, errors="replace")
        assert run.returncode == 0, run.stdout[-2000:]
        told[name] = run.stdout
    assert "Overfull" not in told["all"] and "LaTeX Warning" not in told["all"]
    widths = [float(width) for width in re.findall(r"WIDTH ([\d.]+)pt", told["widths"])]
    assert len(widths) == tables.count(r"\begin{table}") and max(widths) < 597  # A4
