"""Weights files whose headers say something else than their tensors."""

import pytest
import torch

from pvdbench.core.errors import WeightsError
from pvdbench.io.weights import save_weights
from pvdbench.networks.liteflownet import LiteFlowNet
from pvdbench.networks.motion import load_motion_network, motion_header
from pvdbench.networks.params import NetworkParams
from pvdbench.networks.video_deblurrer import VideoDeblurrer, architecture, load_video_deblurrer

LITEFLOWNET = {"network": "liteflownet", "width": 0.0625, "preprocessing": "rgb"}


def test_a_network_comes_back_as_it_was_saved(tmp_path):
    network = LiteFlowNet(0.0625)
    save_weights(tmp_path / "w", network.state_dict(), motion_header(network))
    torch.testing.assert_close(load_motion_network(tmp_path / "w").state_dict(), network.state_dict(), rtol=0, atol=0)


@pytest.mark.parametrize("odd", [
    {"width": None}, {"width": "wide"}, {"width": [1]}, {"width": float("nan")}, {"width": 1e300},
    {"preprocessing": "none"}, {"preprocessing": [1]},
])  # fmt: skip
def test_a_motion_header_that_describes_no_network_is_refused(odd, tmp_path):
    save_weights(tmp_path / "w", LiteFlowNet(0.0625).state_dict(), LITEFLOWNET | odd)
    with pytest.raises(
        WeightsError, match=r"w: its header describes no network that can be built \(.+\); make"
    ) as refused:
        load_motion_network(tmp_path / "w")
    assert len(str(refused.value)) - len(str(tmp_path)) < 250 and "\n" not in str(refused.value)


def test_a_motion_header_without_its_keys_is_refused(tmp_path):
    save_weights(tmp_path / "w", {}, {"network": "flownet2"})
    with pytest.raises(WeightsError, match=r"its header describes no network that can be built \(KeyError: 'width'\)"):
        load_motion_network(tmp_path / "w")


@pytest.mark.parametrize("header", [{"network": "liteflownet", "width": 2000.0, "preprocessing": "rgb"},
                                    {"network": "flownet2", "width": 2000.0}])  # fmt: skip
def test_a_header_that_asks_for_a_huge_network_asks_for_no_memory(header, tmp_path):
    """Of 1e13 weights and more: were they made, no machine would hold them."""
    save_weights(tmp_path / "w", {"a": torch.ones(1)}, header)
    with pytest.raises(WeightsError, match="use the weights of this network"):
        load_motion_network(tmp_path / "w")


@pytest.mark.parametrize("odd", [
    {"params": {}}, {"params": 3}, {"params": {"volume": "gray", "widht": 1.0}},
    {"params": {"volume": "gray", "blocks": 0}}, {"params": {"volume": "gray", "width": float("inf")}},
    {"motion": 3}, {"motion": {"network": "liteflownet"}},
])  # fmt: skip
def test_a_pvdnet_header_that_describes_no_network_is_refused(odd, tmp_path):
    model = VideoDeblurrer(NetworkParams(volume="gray", width=0.0625, blocks=1), None)
    save_weights(tmp_path / "w", model.state_dict(), architecture(model) | odd)
    with pytest.raises(WeightsError, match="its header describes no network that can be built"):
        load_video_deblurrer(tmp_path / "w")


def test_a_pvdnet_header_that_asks_for_a_huge_network_asks_for_no_memory(tmp_path):
    params = NetworkParams(volume="gray", width=20_000.0, blocks=1).model_dump()
    save_weights(tmp_path / "w", {"a": torch.ones(1)}, {"network": "pvdnet", "params": params, "motion": None})
    with pytest.raises(WeightsError, match="use the weights of this network"):
        load_video_deblurrer(tmp_path / "w")
