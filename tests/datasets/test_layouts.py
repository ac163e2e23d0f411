import pytest
from click.testing import CliRunner
from conftest import ROOT
from outside_package import InstalledPage, OutsidePackage, add_layout, pvdbench

from pvdbench.cli.datasets import datasets
from pvdbench.core.errors import DataError
from pvdbench.datasets.layouts.layout import Layout, VideoFolders
from pvdbench.datasets.layouts.layout_check import layout_fault, videos_fault
from pvdbench.datasets.layouts.registry import BUILT_IN, find_layout, layouts, published_layouts, recognise_layout
from pvdbench.datasets.manifest import read_clips
from pvdbench.datasets.verify import read_splits

from .film import film

NAMES = [f"{t:05d}" for t in range(4)]


def shelves(site, name="shelves"):
    """A package that registers a layout."""
    return add_layout(OutsidePackage(site), name)


@pytest.mark.parametrize("layout", BUILT_IN, ids=lambda layout: layout.name)
def test_each_layout_is_whole_and_shown_wherever_layouts_are(layout, tmp_path):
    assert find_layout(layout.name) is layout
    assert list(layout.videos(tmp_path)) == list(layout.videos(tmp_path / "nowhere")) == []
    assert (
        f"| {layout.name} | {layout.form.replace('|', chr(92) + '|')} |" in (ROOT / "docs" / "datasets.md").read_text()
    )
    add, verify = (CliRunner().invoke(datasets, [command, "--help"]).output for command in ("add", "verify"))
    assert f"\n  {layout.name} " in add and (f"\n  {layout.name} " in verify) == (layout.splits is not None)
    if layout.splits is not None:
        assert layout.source and read_splits(ROOT / "data" / "splits.csv", layout.splits)


def test_an_unknown_layout_is_refused_with_the_choices():
    assert set(published_layouts()) == {"su", "nah", "nah-linear", "real"} < set(layouts())
    with pytest.raises(DataError, match="unknown layout 'kitti'; choose from su, nah, nah-linear, real, pairs"):
        find_layout("kitti")


def test_a_folder_that_one_layout_fits_is_recognised(tmp_path):
    film(tmp_path / "mine/a/blur", tmp_path / "mine/a/sharp", NAMES)
    film(tmp_path / "su/quantitative_datasets/a/input", tmp_path / "su/quantitative_datasets/a/GT", NAMES)
    for kind in ("blur", "blur_gamma"):
        film(tmp_path / "nah/train/a" / kind, tmp_path / "nah/train/a/sharp", NAMES)
    assert recognise_layout(tmp_path / "mine").name == "pairs"
    assert recognise_layout(tmp_path / "su").name == "su"
    assert recognise_layout(tmp_path / "nowhere").name == "pairs"
    with pytest.raises(DataError, match="its folders fit the layouts nah and nah-linear; choose one by --layout"):
        recognise_layout(tmp_path / "nah")


def test_videos_of_an_unknown_split_are_not_added_where_a_list_tells_it(tmp_path):
    film(tmp_path / "su/quantitative_datasets/a/input", tmp_path / "su/quantitative_datasets/a/GT", NAMES)
    run = pvdbench("datasets", "add", "own", tmp_path / "su", cwd=tmp_path)
    assert run.returncode == 2 and "does not tell training from test videos" in run.stderr
    assert not (tmp_path / "data").exists()


def test_an_installed_package_brings_a_layout(tmp_path):
    film(tmp_path / "mine/dim/a", tmp_path / "mine/clear/a", NAMES)
    package = shelves(tmp_path / "site")
    shown = pvdbench("datasets", "add", "--help", packages=[package])
    assert "|shelves]" in shown.stdout and "shelves     two shelves: {dim,clear}/VIDEO" in shown.stdout, shown.stderr
    for name, more in (("one", ()), ("two", ("--layout", "shelves"))):
        run = pvdbench("datasets", "add", name, tmp_path / "mine", *more, packages=[package], cwd=tmp_path)
        assert run.returncode == 0 and "test: 1 videos, 4 frames" in run.stdout, run.stderr
        (clip,) = read_clips(tmp_path / "data" / name, "test")
        assert clip.frames[0].sharp.read_bytes() == (tmp_path / "mine/clear/a/00000.png").read_bytes()


def test_a_layout_of_a_taken_name_is_refused_and_what_is_no_layout_left_out(tmp_path):
    run = pvdbench("datasets", "add", "own", "mine", packages=[shelves(tmp_path / "a", name="su")], cwd=tmp_path)
    assert (
        run.returncode == 2 and "'shelves' of pvdbench.layouts: there is another layout of the name 'su'" in run.stderr
    )
    other = OutsidePackage(tmp_path / "b", "other").register("pvdbench.layouts", "boxes", "os:sep")
    run = pvdbench("datasets", "add", "--help", packages=[other])
    assert run.returncode == 0 and "boxes" not in run.stdout
    assert run.stderr.startswith("pvdbench: package other: 'boxes' of pvdbench.layouts is left out: it is a str")


def test_the_example_of_the_page_is_installed_and_used(tmp_path):
    package = InstalledPage("adding-a-layout.md", tmp_path)
    film(tmp_path / "mine/test_blur/a", tmp_path / "mine/test_sharp/a", NAMES)
    for path in sorted((tmp_path / "mine/test_sharp/a").iterdir()):
        path.rename(path.with_name(f"{path.stem}_gt.png"))
    run = pvdbench("datasets", "add", "own", "mine", "--layout", "kinds", packages=[package], cwd=tmp_path)
    assert run.returncode == 0 and "test: 1 videos, 4 frames" in run.stdout, run.stderr
    (clip,) = read_clips(tmp_path / "data/own", "test")
    assert [frame.name for frame in clip.frames] == NAMES and all(frame.truth for frame in clip.frames)


BROKEN = """
from pvdbench.datasets.layouts.layout import Layout
L = Layout(name="broken", summary="s", form="f", videos=lambda folder: 1 / 0)
"""


def test_a_layout_that_fails_is_refused_in_its_packages_name(tmp_path):
    package = OutsidePackage(tmp_path / "site", "theirs").write("layout.py", BROKEN)
    package.register("pvdbench.layouts", "broken", "theirs.layout:L")
    run = pvdbench("datasets", "add", "own", "mine", "--layout", "broken", packages=[package], cwd=tmp_path)
    (line,) = run.stderr.splitlines()
    assert run.returncode == 2
    assert line == (
        "pvdbench: package theirs: the layout 'broken' failed: ZeroDivisionError: division by zero; mend the package"
    )


def test_what_is_no_layout_and_what_are_no_videos_is_said(tmp_path):
    def layout(name="mine", summary="s", videos=lambda folder: []):
        return Layout(name, summary, "form", videos)

    assert not layout_fault(layout()) and not any(map(layout_fault, BUILT_IN))
    assert "a str, not a pvdbench" in layout_fault("text")
    assert "'a b/c' cannot be a layout's name" in layout_fault(layout(name="a b/c"))
    assert "must be texts" in layout_fault(layout(summary=None))
    assert "must be functions" in layout_fault(layout(videos=None))
    assert not videos_fault([VideoFolders("a", None, tmp_path, None)])
    assert "a int, no list" in videos_fault(3) and "a str, no VideoFolders" in videos_fault(["a"])
    assert "the split 'valid'" in videos_fault([VideoFolders("a", "valid", tmp_path, None)])
    assert "no Paths" in videos_fault([VideoFolders("a", "test", "folder", None)])
