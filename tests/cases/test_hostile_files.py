"""Small files that ask for much, and names that lead elsewhere: each was a fault of a reader once."""

import zipfile
from pathlib import Path

import pytest
import torch
from conftest import ROOT

from pvdbench.core.errors import DataError, ParamsError, WeightsError
from pvdbench.core.params import parse_params
from pvdbench.core.yaml_file import YamlError, load_yaml
from pvdbench.datasets.params import DataParams
from pvdbench.datasets.verify import read_splits
from pvdbench.io.tables import SPLITS
from pvdbench.methods.card import Command, FramesTemplate
from pvdbench.networks.checkpoint import read_checkpoint
from pvdbench.networks.import_checkpoint import import_checkpoint
from pvdbench.study.rows import Rows


@pytest.mark.parametrize("row", ["v,0,999999999999,1000000000000,True", "v,0,99999999,3,True", "../v,0,2,3,True"])
def test_a_list_of_frames_without_end(row, tmp_path):
    video, first, last, count, consecutive = row.split(",")
    line = f"su,test,{video},{count},{first.rjust(len(last), '0')},{last},{consecutive}"
    (tmp_path / "splits.csv").write_text(",".join(SPLITS) + f"\n{line}\n")
    with pytest.raises(DataError, match=r"splits\.csv"):
        read_splits(tmp_path / "splits.csv", "su")


def test_a_checkpoint_of_tensors_that_share_their_numbers(tmp_path):
    one = torch.ones(1)
    shapes = {
        "PV_dec.0": (10**6, 25, 3, 3),
        "d0": (10**6, 1, 3, 3),
        "RB_end.0": (10**6, 1, 3, 3),
        "RBs.0.0": (1, 1, 3, 3),
    }
    torch.save({f"PVDNet.{name}.weight": one.expand(shape) for name, shape in shapes.items()}, tmp_path / "c.pth")
    assert (tmp_path / "c.pth").stat().st_size < 4000
    with pytest.raises(WeightsError, match=r"its [0-9]+ bytes say that they are"):
        import_checkpoint(tmp_path / "c.pth", tmp_path / "out")


def test_a_checkpoint_that_is_small_while_it_is_packed(tmp_path):
    with zipfile.ZipFile(tmp_path / "c.pth", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", b"\x80\x02}.")
        archive.writestr("archive/data/0", bytes(1 << 24))
    with pytest.raises(WeightsError, match="once unpacked"):
        read_checkpoint(tmp_path / "c.pth")


def test_aliases_that_make_few_bytes_many():
    bomb = "a: &a [x, x]\n" + "".join(
        f"{n}: &{n} [*{p}, *{p}]\n" for p, n in zip("abcdefghijklmnop", "bcdefghijklmnopq", strict=True)
    )
    with pytest.raises(YamlError, match="aliases"):
        load_yaml(bomb)
    assert load_yaml("a: &a {x: 1}\nb: {<<: *a, y: 2}")["b"] == {"x": 1, "y": 2}


@pytest.mark.parametrize("name", ["..", "../x", "/x", "a/b", "", "a\nb", "a\0", "x" * 256])
def test_names_that_are_more_than_a_part_of_a_path(name):
    rows = Rows.__new__(Rows)
    object.__setattr__(rows, "folder", Path("study"))
    with pytest.raises(ParamsError, match="is no name of a data set or a row"):
        rows.data("scores", name)
    assert rows.data("scores", "x.csv") == Path("study/data/scores/x.csv")


@pytest.mark.parametrize("name", ["a;touch x", "$(touch x)", "-x", "../x", "${of}", "a b", ""])
def test_parts_of_data_sets_are_named_by_words(name):
    whole = load_yaml((ROOT / "data" / "params.yaml").read_bytes())
    for subsets in ({name: {"of": "sample"}}, {"x": {"of": name}}):
        with pytest.raises(ParamsError, match="subsets"):
            parse_params(Path("params.yaml"), whole | {"subsets": subsets}, DataParams)


@pytest.mark.parametrize("field", ["{x.__class__}", "{x[0]}", "{x:999999999d}", "{x!r}", "{x:>99}", "a\0"])
def test_fields_that_look_into_what_fills_them(field):
    for model, values in ((FramesTemplate, {"path": field}), (Command, {"argv": ["sh", field]})):
        with pytest.raises(ParamsError):
            parse_params(Path("method.yaml"), values, model)
    assert FramesTemplate(path="{video}/{number:08d}.png") and Command(argv=["awk", "{{print}}", "{input}/a"])
