"""The import closure of a module of pvdbench, read from the source: which files a stage's code consists of.

Run as a program (`make pipeline`) it writes these into dvc.yaml, its copies and data/dvc.yaml.
"""

import ast
import re
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
ENTRIES = {
    "methods": ["pvdbench.contract.fingerprint"],
    "pretrain": ["pvdbench.training.motion"],
    "train-motion": ["pvdbench.training.motion"],
    "train-deblur": ["pvdbench.training.deblurring"],
    "flow": ["pvdbench.inference.warping", "pvdbench.contract.folder"],
    "deblur": ["pvdbench.inference.deblurring", "pvdbench.contract.folder"],
    "score-flow": ["pvdbench.protocols.warping"],
    "score-deblur": ["pvdbench.protocols.deblurring"],
    "score-volume": ["pvdbench.protocols.volume_statistics"],
    "tables": ["pvdbench.tables.build"],
    "figures": ["pvdbench.tables.figures"],
    "report": ["pvdbench.report.build"],
}
"""The modules whose functions a stage's command calls."""
RENDERER = "pvdbench.datasets.render"
_CODE = re.compile(r"(?m)(^ *- (?:\$\{root\}|\.\.)/)pvdbench/\S+\.py\n(?:^ *- (?:\$\{root\}|\.\.)/pvdbench/\S+\.py\n)*")


def closure(*modules: str, root: Path = ROOT) -> set[str]:
    """Files of pvdbench that modules import, themselves included, package docstrings left out."""
    todo, found = list(modules), set()
    while todo:
        path = root / (todo.pop().replace(".", "/") + ".py")
        if path.exists() and str(path.relative_to(root)) not in found:
            found.add(str(path.relative_to(root)))
            todo += _imports(path)
    return found


def _imports(path: Path) -> list[str]:
    names = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("pvdbench"):
            names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
    return names


def stage_code(stage: str) -> set[str]:
    """The files of pvdbench that a stage runs, its methods' imports included."""
    return closure(*ENTRIES[stage], *_adapter_imports({"flow": "motion", "deblur": "deblur"}.get(stage, "none")))


def _adapter_imports(task: str) -> list[str]:
    """What the adapters of one task import of pvdbench."""
    modules = []
    for adapter in ROOT.glob("methods/*/adapter.py"):
        if yaml.safe_load((adapter.parent / "method.yaml").read_text())["task"] == task:
            nodes = ast.walk(ast.parse(adapter.read_text()))
            modules += [
                n.module for n in nodes if isinstance(n, ast.ImportFrom) and (n.module or "").startswith("pvdbench")
            ]
    return modules


def _with_code(text: str, code: set[str]) -> str:
    """The text of a stage with its block of code dependencies replaced."""
    return _CODE.sub(lambda block: "".join(f"{block[1]}{path}\n" for path in sorted(code)), text)


def write_pipeline() -> None:
    """Bring the code dependencies of every dvc.yaml up to date."""
    head, *stages = re.split(r"(?m)^(?=  [\w-]+:\n)", (ROOT / "dvc.yaml").read_text())
    text = head + "".join(_with_code(stage, stage_code(stage.split(":")[0].strip())) for stage in stages)
    for path in (ROOT / "dvc.yaml", *ROOT.glob("studies/*/dvc.yaml")):
        path.write_text(text)
    data = ROOT / "data" / "dvc.yaml"
    data.write_text(_with_code(data.read_text(), closure(RENDERER)))


if __name__ == "__main__":
    write_pipeline()
