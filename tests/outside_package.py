"""A tiny package that somebody else wrote and installed: it adds to pvdbench by entry points alone."""

import os
import re
import subprocess
import sys

from conftest import ROOT
from fake_method import ADAPTER, CARD


class OutsidePackage:
    """A folder for PYTHONPATH with a package's modules and the metadata that `pip install` would leave there."""

    def __init__(self, site, name="outside"):
        self.site, self.name = site, name
        self.folder = site / name
        self.folder.mkdir(parents=True)
        (self.folder / "__init__.py").write_text("")
        self._entry_points = {}

    def write(self, file, text):
        """A file of the package."""
        path = self.folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return self

    def register(self, group, name, value):
        """An entry point, as `[project.entry-points."GROUP"]` of pyproject.toml has it."""
        self._entry_points.setdefault(group, {})[name] = value
        info = self.site / f"{self.name}-1.0.dist-info"
        info.mkdir(exist_ok=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {self.name}\nVersion: 1.0\n")
        sections = (
            f"[{group}]\n" + "".join(f"{name} = {value}\n" for name, value in points.items())
            for group, points in self._entry_points.items()
        )
        (info / "entry_points.txt").write_text("\n".join(sections))
        return self


def python(code, *packages, cwd=ROOT):
    """Run code in a fresh process in which the packages are installed."""
    path = os.pathsep.join([str(ROOT), *(str(package.site) for package in packages)])
    return subprocess.run(
        [sys.executable, "-c", code], cwd=cwd, capture_output=True, text=True, check=False,
        env=os.environ | {"PYTHONPATH": path},
    )  # fmt: skip


def pvdbench(*arguments, packages=(), cwd=ROOT):
    """The command in a process in which the packages are installed."""
    code = f"import sys; from pvdbench.cli.main import main; sys.argv[1:] = {list(map(str, arguments))!r}; main()"
    return python(code, *packages, cwd=cwd)


def page_files(page):
    """The files that a page of docs/ shows: each is a block under `<!-- file: NAME -->`."""
    text = (ROOT / "docs" / page).read_text()
    found = dict(re.findall(r"<!-- file: (\S+) -->\n```\w+\n(.*?)```", text, re.DOTALL))
    assert found, f"docs/{page} shows no file"
    return found


SHELVES = """
from pvdbench.datasets.layouts.layout import Layout, VideoFolders, subfolders

def videos(folder):
    return [VideoFolders(p.name, "test", p, folder / "clear" / p.name) for p in subfolders(folder / "dim")]

SHELVES = Layout(name={name!r}, summary="two shelves", form="{{dim,clear}}/VIDEO", videos=videos)
"""


def add_layout(package, name="shelves"):
    """A layout of the package: dim/VIDEO and clear/VIDEO."""
    package.write("layout.py", SHELVES.format(name=name))
    return package.register("pvdbench.layouts", "shelves", f"{package.name}.layout:SHELVES")


def add_method(package, name="negative"):
    """A method of the package, which inverts the frames."""
    adapter = ADAPTER.format(load="pass", deblur="yield from (1 - frame for frame in clip)")
    package.write("folders/__init__.py", "").write(f"folders/{name}/adapter.py", adapter)
    package.write(f"folders/{name}/method.yaml", CARD)
    return package.register("pvdbench.methods", package.name, f"{package.name}.folders")


def add_protocol(package):
    """A protocol of the package with a metric of its own: the module that docs/adding-a-metric.md shows."""
    package.write("protocol.py", page_files("adding-a-metric.md")["pvdbench_nrmse.py"])
    return package.register("pvdbench.protocols", "nrmse", f"{package.name}.protocol:PROTOCOL")


class InstalledPage:
    """The package that a page of docs/ shows, installed by pip without the network."""

    def __init__(self, page, tmp_path):
        self.site, source = tmp_path / "site", tmp_path / "source"
        source.mkdir()
        for name, text in page_files(page).items():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_text(text)
        pip = [
            sys.executable,
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--no-deps",
            "--no-index",
        ]
        subprocess.run([*pip, "--no-build-isolation", "--target", self.site, source], check=True)
