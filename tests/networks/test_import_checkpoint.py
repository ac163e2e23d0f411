"""Published checkpoints by their own names, against the frames that the authors' program made with such weights."""

import pickle
import re

import numpy as np
import pytest
import torch
from recorded import ORACLES, frames, recorded_run
from weights import oracle_weights

from pvdbench.core.errors import WeightsError
from pvdbench.io.weights import load_weights
from pvdbench.networks.import_checkpoint import PVDNET, import_checkpoint, official_name
from pvdbench.networks.motion import load_motion_network
from pvdbench.networks.params import NetworkParams
from pvdbench.networks.recurrence import deblur_frames
from pvdbench.networks.video_deblurrer import VideoDeblurrer, load_video_deblurrer


@pytest.fixture(scope="module")
def theirs():
    """The recorded run's weights under the authors' names."""
    run = recorded_run()
    gains = {"BIMNet.": float(run["bgain"]), "PVDNet.": float(run["pgain"])}
    weights = oracle_weights(ORACLES / "pvdnet" / "keys.csv", int(run["seed"]), gains)
    return {name: torch.as_tensor(value) for name, value in weights.items()}


def saved(tmp_path, content):
    torch.save(content, tmp_path / "theirs.pytorch")
    return tmp_path / "theirs.pytorch"


WRAPPINGS = {
    "plain": lambda tensors: tensors,
    "module.": lambda tensors: {f"module.{name}": value for name, value in tensors.items()},
    "state_dict": lambda tensors: {"state_dict": tensors, "epoch": 3},
}


@pytest.mark.parametrize("wrap", WRAPPINGS.values(), ids=WRAPPINGS)
def test_a_whole_checkpoint_makes_the_authors_frames(theirs, tmp_path, wrap):
    out = tmp_path / "ours.safetensors"
    shuffled = dict(sorted(theirs.items(), key=lambda item: item[0][::-1]))  # by name, not by position
    header = import_checkpoint(saved(tmp_path, wrap(shuffled)), out)
    assert header["network"] == "pvdnet" and header["imported"] == "theirs.pytorch"
    with torch.no_grad():
        outputs = list(deblur_frames(load_video_deblurrer(out).eval(), list(frames()), torch.device("cpu")))
    expected = np.clip((recorded_run()["out"] + 1) / 2, 0, 1)
    assert (np.abs(torch.stack(outputs).numpy() - expected) < 1e-4).mean() >= 0.999


def test_the_released_larger_model_is_known_by_its_shapes(tmp_path):
    """One under the authors' names: 24 blocks of 192 channels, 126 keys."""
    torch.manual_seed(0)
    large = NetworkParams(volume="gray", blocks=24, residual_width=1.5)
    own = VideoDeblurrer(large, None).state_dict()
    named = {f"PVDNet.{official_name(name.removeprefix('deblur.'), PVDNET)}": value for name, value in own.items()}
    assert len(named) == 126
    assert import_checkpoint(saved(tmp_path, named), tmp_path / "ours")["params"] == large.model_dump()
    ours, _ = load_weights(tmp_path / "ours")
    assert all(torch.equal(ours[name], value) for name, value in own.items())


@pytest.mark.parametrize("prefix", ["BIMNet.", "", "module.BIMNet."])
def test_bimnet_alone_makes_the_authors_flow(theirs, tmp_path, prefix):
    bimnet = {name.replace("BIMNet.", prefix): value for name, value in theirs.items() if name.startswith("BIMNet.")}
    import_checkpoint(saved(tmp_path, bimnet), tmp_path / "ours")
    clip = frames()
    with torch.no_grad():
        flow = load_motion_network(tmp_path / "ours")(clip[[1]], clip[[0]])
    # the recorded flow carries float32's noise of up to 3e-4 px of an untrained network: docs/log.md
    assert np.abs(flow[0].numpy() - recorded_run()["flow"][1]).max() < 5e-4


def test_sniklaus_names_bring_their_preprocessing(theirs, tmp_path):
    net = {n.removeprefix("BIMNet.").replace("module", "net"): v for n, v in theirs.items() if n.startswith("BIMNet.")}
    import_checkpoint(saved(tmp_path, net), tmp_path / "ours")
    network = load_motion_network(tmp_path / "ours")
    assert network.preprocessing == "bgr-means"
    clip = frames()[:2]
    means = ((0.411618, 0.434631, 0.454253), (0.410782, 0.433645, 0.452793))
    ready = [frame.flip(0) - torch.tensor(mean)[:, None, None] for frame, mean in zip(clip, means, strict=True)]
    with torch.no_grad():
        flow = network(clip[[0]], clip[[1]])
        network.preprocessing = "rgb"
        expected = network(ready[0][None], ready[1][None])
    torch.testing.assert_close(flow, expected)


def test_a_smaller_pvdnet_without_motion(theirs, tmp_path):
    """Fewer residual blocks and no BIMNet: read from the keys."""
    small = {n: v for n, v in theirs.items() if n.startswith("PVDNet.") and not re.search(r"RBs\.([3-9]|1\d)\.", n)}
    import_checkpoint(saved(tmp_path, small), tmp_path / "ours")
    model = load_video_deblurrer(tmp_path / "ours")
    assert model.params.blocks == 3 and model.motion is None and load_weights(tmp_path / "ours")[1]["motion"] is None


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (lambda t: t.pop("PVDNet.d1.0.bias"), r"PVDNet\.d1\.0\.bias: the network has \(64,\), the file no such tensor"),
        (
            lambda t: t.update({"PVDNet.more": torch.ones(2)}),
            r"PVDNet\.more: the network has no such tensor, the file \(2,\)",
        ),
        (
            lambda t: t.update({"PVDNet.end.bias": torch.ones(4)}),
            r"PVDNet\.end\.bias: the network has \(3,\), the file \(4,\); use the weights of this network",
        ),
        (lambda t: t.pop("PVDNet.d0.weight"), r"PVDNet\.d0\.weight: this key is missing; use a whole"),
        (
            lambda t: t.update({"PVDNet.PV_dec.0.weight": torch.ones(64, 24, 3, 3)}),
            "a pixel volume of 24 candidates is unknown",
        ),
    ],
)
def test_a_wrong_key_is_named_and_nothing_is_written(theirs, tmp_path, harm, message):
    tensors = dict(theirs)
    harm(tensors)
    with pytest.raises(WeightsError, match=message):
        import_checkpoint(saved(tmp_path, tensors), tmp_path / "ours")
    assert not (tmp_path / "ours").exists()


@pytest.mark.parametrize(("name", "value"), [
    ("PV_dec.0", torch.tensor(1.0)), ("d0", torch.ones(64)), ("RB_end.0", torch.ones(0, 128, 3, 3)),
    ("PV_dec.0", torch.ones(64, 0, 3, 3)),
])  # fmt: skip
def test_a_shape_that_is_no_convolution_s_is_refused(theirs, tmp_path, name, value):
    source = saved(tmp_path, theirs | {f"PVDNet.{name}.weight": value})
    with pytest.raises(WeightsError, match=rf"PVDNet\.{name}\.weight: a shape of \(.*\) is no convolution's"):
        import_checkpoint(source, tmp_path / "ours")


def test_a_checkpoint_without_residual_blocks_is_refused(theirs, tmp_path):
    without = {name: value for name, value in theirs.items() if ".RBs." not in name}
    with pytest.raises(WeightsError, match="there are no residual blocks; use a whole checkpoint"):
        import_checkpoint(saved(tmp_path, without), tmp_path / "ours")


def test_a_tensor_that_is_larger_than_its_bytes_is_refused(theirs, tmp_path):
    """2 kB that say they are 10^14 numbers."""
    source = saved(tmp_path, {"PVDNet.d0.weight": torch.ones(1, 1, 1, 1).expand(10**6, 10**6, 10, 10)})
    assert source.stat().st_size < 3000
    with pytest.raises(WeightsError, match=r"by tensors that share their numbers; save them one by one"):
        import_checkpoint(source, tmp_path / "ours")


def test_damaged_pickles_are_refused_in_one_line(tmp_path):
    """Every byte of a small checkpoint in the old format, set to another value in turn."""
    torch.save({"a": torch.ones(2)}, tmp_path / "whole", _use_new_zipfile_serialization=False)
    whole, path = (tmp_path / "whole").read_bytes(), tmp_path / "harmed"
    refused = 0
    for position in range(0, len(whole), 3):
        harmed = bytearray(whole)
        harmed[position] ^= 0x5A
        path.write_bytes(harmed)
        with pytest.raises(WeightsError) as error:  # what can still be read is of no known network
            import_checkpoint(path, tmp_path / "ours")
        assert "\n" not in str(error.value) and len(str(error.value)) - len(str(path)) < 300
        refused += "known network" not in str(error.value)
    assert refused > 50


@pytest.mark.parametrize("prefix", ["BIMNet.", ""])
def test_a_wrong_key_of_a_flow_network_is_named_as_it_is_in_the_file(theirs, tmp_path, prefix):
    tensors = {prefix + n.removeprefix("BIMNet."): v for n, v in theirs.items() if n.startswith("BIMNet.")}
    tensors[f"{prefix}moduleFeatures.moduleTwo.0.bias"] = torch.ones(1)
    with pytest.raises(
        WeightsError, match=rf": {prefix}moduleFeatures\.moduleTwo\.0\.bias: the network has \(32,\), the file"
    ):
        import_checkpoint(saved(tmp_path, tensors), tmp_path / "ours")


class Evil:
    def __reduce__(self):
        return (exec, ("open('run', 'w')",))


def test_code_in_a_pickle_is_refused_and_not_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    torch.save({"a": Evil()}, tmp_path / "zip")
    (tmp_path / "raw").write_bytes(pickle.dumps(Evil(), protocol=2))
    expected = r"holds more than tensors, which was not run \(it names \w+\.exec\); do not trust it"
    for path in ("zip", "raw"):
        with pytest.raises(WeightsError, match=expected) as refused:
            import_checkpoint(tmp_path / path, tmp_path / "ours")
        assert "weights_only" not in str(refused.value)  # PyTorch's own advice is to run it
    assert not (tmp_path / "run").exists()


def test_files_that_are_no_checkpoints(tmp_path):
    torch.save({"a": torch.ones(3)}, tmp_path / "other")
    with pytest.raises(WeightsError, match=r"of no known network: its first key is 'a', and none begins with PVDNet\."):
        import_checkpoint(tmp_path / "other", tmp_path / "ours")
    (tmp_path / "cut").write_bytes((tmp_path / "other").read_bytes()[:400])
    with pytest.raises(WeightsError, match=r"cannot read this as a PyTorch checkpoint: .*; get it again"):
        import_checkpoint(tmp_path / "cut", tmp_path / "ours")
    torch.save([1, 2], tmp_path / "list")
    with pytest.raises(WeightsError, match="this checkpoint is a list without named tensors; save a state_dict"):
        import_checkpoint(tmp_path / "list", tmp_path / "ours")
    with pytest.raises(WeightsError, match="there is no such checkpoint; correct the path"):
        import_checkpoint(tmp_path / "none", tmp_path / "ours")
