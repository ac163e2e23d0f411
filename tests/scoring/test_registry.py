"""The protocols by name, and which frames their averages count."""

from typing import get_args

import numpy as np
import pytest
from conftest import ROOT

from pvdbench.core.errors import ParamsError
from pvdbench.scoring.frame_pair import Pair
from pvdbench.scoring.params import ProtocolName, ProtocolParams
from pvdbench.scoring.registry import PROTOCOLS, named_protocols, score_pair
from scoring.frames import noisy, textured


def test_the_parameters_know_the_same_protocols():
    assert list(get_args(ProtocolName)) == list(PROTOCOLS)
    volume = {"motion": "m", "volume_row": "v", "warp_row": "w", "frames_per_video": 1, "tolerances": [0]}
    assert ProtocolParams(names=["all"], volume=volume).expanded == list(PROTOCOLS)
    assert ProtocolParams(names=["su-30"], volume=volume).expanded == ["su-30"]


def test_all_is_every_protocol_once():
    assert [p.name for p in named_protocols(["luma-y", "all"])] == ["luma-y", *(n for n in PROTOCOLS if n != "luma-y")]


def test_su_30_counts_the_frames_of_su_et_al():
    counted = [number for number in range(1, 121) if PROTOCOLS["su-30"].counts(number)]
    assert counted == np.floor(np.linspace(2, 97, 30)).astype(int).tolist()


def test_the_papers_protocol_leaves_the_first_frame_out():
    assert [PROTOCOLS["koehler"].counts(n) for n in (1, 2, 100)] == [False, True, True]
    assert all(PROTOCOLS[name].counts(1) for name in ("plain-rgb", "eval-py", "luma-y", "crop-4", "matlab-ssim"))


def test_protocols_together_score_as_they_do_alone():
    truth = textured((50, 61))
    estimate = noisy(np.roll(truth, 1, 0))
    together = score_pair(Pair(estimate, truth), list(PROTOCOLS.values()))
    for name, protocol in PROTOCOLS.items():
        alone = protocol.score(Pair(estimate, truth))
        assert repr(alone) == repr(together[name])


def test_every_protocol_has_its_section_in_the_documents():
    text = (ROOT / "docs" / "protocols.md").read_text()
    for name, protocol in PROTOCOLS.items():
        assert f"`{name}`" in text or f"## {name}" in text, name
        assert protocol.summary and protocol.source


def test_an_unknown_name_is_refused():
    with pytest.raises(ParamsError, match=r"expected some of koehler, koehler-subpixel, .*, got 'psnr'"):
        named_protocols(["koehler", "psnr"])
