"""Ceilings, shares and what a part's process says, by hand."""

import json
import sys
from dataclasses import replace

import pytest

from pvdbench.bench.ceiling import Ceiling, ceiling_parts
from pvdbench.bench.measure import Measured, Measuring, PartFailedError
from pvdbench.bench.part import Part, Work
from pvdbench.bench.parts import parts
from pvdbench.bench.table import as_json, as_markdown, ratio, share

CEILING = Ceiling(operations=100e9, moved=10e9)  # per second


@pytest.mark.parametrize(
    ("milliseconds", "operations", "moved", "expected"),
    [
        (20, 1e9, 0, 0.5),  # 10 ms of arithmetic
        (20, 0, 50e6, 0.25),  # 5 ms of memory
        (20, 1e9, 150e6, 0.75),  # the memory takes longer
        (20, 1e9, 50e6, 0.5),  # the arithmetic does
    ],
)
def test_the_share_is_that_of_the_nearer_roof(milliseconds, operations, moved, expected):
    assert CEILING.share(milliseconds, operations, moved) == pytest.approx(expected)


def measured(**more):
    part = Part("p", "nothing", lambda setting: Work(int, 0), None, "float32", threaded=True)
    return Measured(part, 20.0, 50.0, "cpu", 3.0, 150e6, 1e9, **more)


def test_a_line_of_the_table_by_hand():
    one = measured()
    assert ratio(one) == 2.5 and share(one, {"cpu": CEILING}) == pytest.approx(0.75)
    *_, line = as_markdown([one], {"cpu": CEILING}, threads=2, baseline="before")
    assert line == "| p | 20 | 2 | cpu | float32 | 3 | 1 | 143 | 75.0 % | 50 | 2.50 |"
    (row,) = as_json([one], {"cpu": CEILING}, 2)
    assert json.loads(json.dumps(row))["share"] == pytest.approx(0.75)


def test_what_counts_nothing_has_no_share_and_what_has_no_baseline_no_ratio():
    one = replace(measured(), moved=0.0, operations=0.0, baseline=None, notes=("baseline: why",))
    assert share(one, {}) is None and ratio(one) is None
    lines = as_markdown([one], {}, threads=1, baseline="before")
    assert lines[-3:] == ["", "Not measured:", "- p: baseline: why"]
    assert lines[2] == "| p | 20 | 1 | cpu | float32 | 3 |  |  |  |  |  |"


def test_the_ceilings_own_operations_and_bytes():
    """2 n^3 of a product of n x n; a copy reads and writes."""
    assert [part.name for part in ceiling_parts()] == [
        "matrix-product-cpu", "copy-cpu", "matrix-product-cuda", "copy-cuda"
    ]  # fmt: skip
    assert not {part.name for part in ceiling_parts()} & parts().keys()


@pytest.fixture(autouse=True)
def few_calls(monkeypatch):
    monkeypatch.setattr("pvdbench.bench.measure._ENOUGH", 0.0)


def measuring(tmp_path):
    return Measuring((96, 64), 1, tmp_path)


def test_a_part_that_ends_is_an_error_with_its_last_line(tmp_path, monkeypatch):
    program = tmp_path / "start.py"
    program.write_text("import sys; print('it began', file=sys.stderr); sys.exit('no memory left')")
    monkeypatch.setattr("pvdbench.bench.measure._START", program)
    with pytest.raises(PartFailedError, match=r"decode: its process ended \(no memory left\); .* --only"):
        measuring(tmp_path).measure(parts()["decode"])


def test_frames_too_small_for_a_part_are_said(tmp_path):
    one = Measuring((64, 32), 1, tmp_path).measure(parts()["koehler"])
    assert one.milliseconds is None and "koehler" in one.notes[0] and "64x32" in one.notes[0]


def test_operations_are_counted_where_the_part_does_not_say(tmp_path):
    """PVDNet's 1.386 MFLOP per pixel, the authors' network; PyTorch counts them."""
    one = measuring(tmp_path).measure(parts()["pvdnet"])
    assert one.operations / (96 * 64) == pytest.approx(1.386e6, rel=0.01)
    assert one.device == "cpu" and one.milliseconds > 0 and one.baseline > 0


def test_the_program_of_a_process_does_not_run_when_it_is_imported(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["start.py"])
    import pvdbench.bench.start  # noqa: F401
