"""What another package may register as a protocol and what its scores may be; whatever else is refused in its name."""

import math
from dataclasses import replace

import pytest
from outside_package import OutsidePackage, pvdbench, python

from pvdbench.scoring.protocol import Metric, Protocol
from pvdbench.scoring.protocol_check import protocol_fault, scores_fault
from pvdbench.scoring.registry import protocols

MAE = Metric("mae", "MAE", "", "lower", 3, lowest=0.0, highest=255.0)
GOOD = Protocol("mae", "mean absolute error", "nobody", (MAE,), lambda pair: {"mae": 1.0})


def fails(_):
    raise ZeroDivisionError


@pytest.mark.parametrize(
    ("protocol", "fault"),
    [
        (None, "NoneType, no Protocol"),
        (replace(GOOD, name="all"), "'all' cannot be a protocol's name"),
        (replace(GOOD, name="a b/c"), "cannot be a protocol's name"),
        (replace(GOOD, name=3), "cannot be a protocol's name"),
        (replace(GOOD, score=None), "must be functions"),
        (replace(GOOD, counts=fails), "counts of 'mae' raised ZeroDivisionError"),
        (replace(GOOD, tasks=frozenset({"deblurr"})), "tasks of 'mae' must be of deblur and motion"),
        (replace(GOOD, metrics=()), "a tuple of at least one Metric"),
        (replace(GOOD, metrics=[MAE]), "a tuple of at least one Metric"),
        (replace(GOOD, metrics=("mae",)), "a str, no Metric"),
        (replace(GOOD, metrics=(MAE, MAE)), "two metrics of 'mae' have one name"),
        *(
            (replace(GOOD, metrics=(replace(MAE, name=name),)), f"a metric cannot be called {name!r}")
            for name in ("frame", "counted", "blurriness_db", "sharpest", "", "a,b")
        ),
        (
            replace(GOOD, metrics=(replace(MAE, better="Lower"),)),
            "better of 'mae' must be one of higher",
        ),
        (replace(GOOD, metrics=(replace(MAE, digits="3"),)), "digits and decimals of 'mae' must be from 0 to 15"),
    ],
)
def test_what_is_no_protocol_is_said(protocol, fault):
    assert fault in protocol_fault(protocol)


def test_whatever_a_name_may_be_and_every_protocol_of_ours_is_right():
    assert not protocol_fault(replace(GOOD, metrics=(replace(MAE, name="max-diff"), replace(MAE, name="class"))))
    assert not any(map(protocol_fault, protocols().values()))


@pytest.mark.parametrize(
    ("scores", "fault"),
    [
        (3.0, "a float, no dictionary"),
        ({"other": 1.0}, "'other' is none of its metrics"),
        ({"mae": "x"}, "mae is a str, no number"),
        ({"mae": math.nan}, "mae is NaN"),
        ({"mae": math.inf}, "mae is inf"),
        ({"mae": 256.0}, "mae is 256, outside 0 to 255"),
    ],
)
def test_scores_that_no_score_file_can_hold_are_said(scores, fault):
    assert fault in scores_fault(GOOD, scores)


def test_scores_that_a_score_file_can_hold_are_right():
    assert not scores_fault(GOOD, {"mae": 255.0000001}) and not scores_fault(GOOD, {})  # rounded to 255; no row
    free = replace(GOOD, metrics=(replace(MAE, optional=True, infinite=True, highest=math.inf),))
    assert not scores_fault(free, {"mae": math.nan}) and not scores_fault(free, {"mae": math.inf})


MODULE = """
from pvdbench.scoring.protocol import Metric, Protocol
def protocol(name, score, metric="{metric}"):
    return Protocol(name, "s", "t", (Metric(metric, "M", "", "lower", 3),), score)
P = (protocol("bad", lambda pair: 3.0, "bad"), protocol("worse", lambda pair: {{"{metric}": 1.0}}))
"""


def test_what_is_refused_names_its_package_and_the_others_go_on(tmp_path):
    package = OutsidePackage(tmp_path, "theirs").write("module.py", MODULE.format(metric="psnr_db"))
    package.register("pvdbench.protocols", "both", "theirs.module:P")
    shown = pvdbench("score", "folder", "--help", packages=[package])
    assert "bad]" in shown.stdout and shown.returncode == 0
    assert shown.stderr.splitlines() == [
        "pvdbench: package theirs: 'both' of pvdbench.protocols is left out: another protocol describes the metric "
        "'psnr_db' differently; mend or uninstall it"
    ]
    scored = python(
        "import numpy as np, pvdbench\n"
        "frame = np.zeros((64, 64, 3), np.uint8)\n"
        "try: pvdbench.score_frames(frame, frame, 'bad')\n"
        "except pvdbench.PvdbenchError as error: print(error)",
        package,
    )
    assert scored.stdout.strip() == (
        "package theirs: the score of protocol 'bad' gave what cannot be written: it is a float, no dictionary of "
        "metrics; mend the package"
    )
