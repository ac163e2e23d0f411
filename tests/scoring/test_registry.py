"""The protocols by name, and which frames their averages count."""

import numpy as np
import pytest
from conftest import ROOT
from pydantic import ValidationError

from pvdbench.core.errors import ParamsError
from pvdbench.io.tables import SCORE_KEYS
from pvdbench.scoring.frame_pair import FramePair
from pvdbench.scoring.params import ProtocolParams
from pvdbench.scoring.registry import choices, metrics, named_protocols, protocols, score_pair
from scoring.frames import noisy, textured

PROTOCOLS = protocols()
VOLUME = {"motion": "m", "volume_row": "v", "warp_row": "w", "frames_per_video": 1, "tolerances": [0]}
IMAGES = {name: PROTOCOLS[name] for name in choices(any_frames=True)}


def test_the_parameters_know_the_same_protocols():
    assert ProtocolParams(names=["all"], volume=VOLUME).tabled == list(IMAGES)
    assert ProtocolParams(names=["all", "tof-ilk"], volume=VOLUME).tabled == list(IMAGES)
    assert ProtocolParams(names=["su-30", "temporal"], volume=VOLUME).tabled == ["su-30"]


def test_all_is_every_protocol_once_but_those_on_request():
    others = [name for name in PROTOCOLS if name not in ("luma-y", "tof-ilk")]
    assert [p.name for p in named_protocols(["luma-y", "all"])] == ["luma-y", *others]
    assert [p.name for p in named_protocols(["all", "tof-ilk"], "deblur")][-2:] == ["temporal", "tof-ilk"]
    assert [name for name, protocol in PROTOCOLS.items() if protocol.on_request] == ["tof-ilk"]


def test_su_30_counts_the_frames_of_su_et_al():
    counted = [number for number in range(1, 121) if PROTOCOLS["su-30"].counts(number)]
    assert counted == np.floor(np.linspace(2, 97, 30)).astype(int).tolist()


def test_the_papers_protocol_leaves_the_first_frame_out():
    assert [PROTOCOLS["koehler"].counts(n) for n in (1, 2, 100)] == [False, True, True]
    assert all(PROTOCOLS[name].counts(1) for name in ("plain-rgb", "eval-py", "luma-y", "crop-4", "matlab-ssim"))


def test_protocols_together_score_as_they_do_alone():
    truth = textured((50, 61))
    estimate = noisy(np.roll(truth, 1, 0))
    together = score_pair(FramePair(estimate, truth), list(IMAGES.values()))
    for name, protocol in IMAGES.items():
        alone = protocol.score(FramePair(estimate, truth))
        assert repr(alone) == repr(together[name])


def test_every_protocol_has_its_section_in_the_documents():
    text = (ROOT / "docs" / "protocols.md").read_text()
    for name, protocol in PROTOCOLS.items():
        assert f"`{name}`" in text or f"## {name}" in text, name
        assert protocol.summary and protocol.source


def test_an_unknown_name_is_refused():
    with pytest.raises(ParamsError, match=r"unknown protocol 'psnr'; choose from all, koehler, .*, temporal"):
        named_protocols(["koehler", "psnr"])
    with pytest.raises(ParamsError, match="two folders are not enough for the protocol 'temporal'"):
        named_protocols(["temporal"], any_frames=True)
    with pytest.raises(ParamsError, match="unknown protocol 'x'"):
        ProtocolParams(names=["x"], volume=VOLUME)
    for name in ("temporal", "x"):
        with pytest.raises(ValidationError, match="choose a protocol with PSNR: koehler, "):
            ProtocolParams(names=["all"], ranking=name, volume=VOLUME)


def test_a_task_has_its_own_protocols():
    assert "endpoint" in choices("motion") and "endpoint" not in choices("deblur")
    assert "temporal" in choices("deblur") and "temporal" not in choices("motion")
    assert [p.name for p in named_protocols(["temporal", "koehler"], "motion")] == ["koehler"]


def test_a_column_has_one_meaning():
    known = metrics()
    assert {"psnr_db", "ssim", "epe_px", "tof_px", "warping_error_db"} <= set(known)
    assert all(name == metric.name and metric.heading.startswith(metric.label) for name, metric in known.items())
    assert not {*known} & {*SCORE_KEYS}
