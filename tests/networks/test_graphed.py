import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from pvdbench.networks import graphed as graphs
from pvdbench.networks.graphed import graphed
from pvdbench.networks.liteflownet import LiteFlowNet
from pvdbench.networks.params import NetworkParams
from pvdbench.networks.transfers import downloaded, uploaded
from pvdbench.networks.video_deblurrer import VideoDeblurrer


@pytest.fixture
def card(monkeypatch):
    """Graphs without a card: a replay computes on the buffers again, into those of the first outputs."""

    def record(step, inputs):
        outputs = step(*inputs)

        def replay():
            for place, value in zip(graphs.tensors_of(outputs), graphs.tensors_of(step(*inputs)), strict=True):
                place.copy_(value)

        return replay, outputs

    monkeypatch.setattr(graphs, "record", record)
    monkeypatch.setattr(torch.Tensor, "device", torch.device("cuda", 0))


def recurrent(frame, state):
    features = {1: frame * 2, 2: [state["features"][1] + 1, "kept"]}
    return frame + state["sum"], {"sum": frame + state["sum"], "features": features}


def first_state(frame):
    return {"sum": torch.zeros_like(frame), "features": {1: torch.zeros_like(frame), 2: [frame, "kept"]}}


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
def test_a_recurrence_by_replays_is_the_recurrence(card, mode):
    frames = torch.rand(4, 1, 3, 5, 6)
    with mode():
        replayed = graphed(recurrent, frames[0], first_state(frames[0]))
        ours, expected = first_state(frames[0]), first_state(frames[0])
        outputs, truths = [], []
        for frame in frames:
            output, ours = replayed(frame, ours)
            truth, expected = recurrent(frame, expected)
            outputs.append(output)
            truths.append(truth)
    assert torch.equal(torch.stack(outputs), torch.stack(truths))  # later replays left the earlier outputs alone
    assert torch.equal(ours["features"][2][0], expected["features"][2][0])
    assert ours["features"][2][1] == "kept"


def test_inputs_of_another_shape_are_refused(card):
    replayed = graphed(torch.neg, torch.rand(1, 3, 4, 4))
    with pytest.raises(ValueError, match=r"recorded for \[\(\(1, 3, 4, 4\), torch.float32\)\], got \[\(\(1, 3, 4, 5\)"):
        replayed(torch.rand(1, 3, 4, 5))


def test_what_is_not_on_a_card_is_refused():
    with pytest.raises(ValueError, match=r"on one graphics card, got \['cpu'\]"):
        graphed(torch.neg, torch.rand(1))
    with pytest.raises(ValueError, match="on one graphics card, got none"):
        graphed(torch.neg)


def test_autocast_outside_is_refused(card):
    torch.set_autocast_enabled("cuda", True)  # as torch.autocast does where there is a card
    try:
        with pytest.raises(ValueError, match="enter autocast inside the step"):
            graphed(torch.neg, torch.rand(1))
    finally:
        torch.set_autocast_enabled("cuda", False)


class Waits(TorchDispatchMode):
    """Collects the operators that wait for a card, or have a size that depends on values: none can be recorded."""

    # a number read, places where something is, a tensor made of Python's numbers, a random or masked choice
    names = ("_local_scalar_dense", "nonzero", "lift_fresh", "masked_select", "unique", "repeat_interleave")

    def __init__(self):
        super().__init__()
        self.found = set()

    def __torch_dispatch__(self, operator, types, args=(), kwargs=None):
        if operator.overloadpacket.__name__.startswith(self.names):
            self.found.add(operator.overloadpacket.__name__)
        return operator(*args, **(kwargs or {}))


def volume_by_a_kernel(previous, match, current, size):
    """As large as what the kernel writes, without the operators that take its place on a processor."""
    return (previous + current + match.sum(1, keepdim=True)).expand(-1, size**2, -1, -1).contiguous()


@pytest.mark.parametrize("coordinates", ["truncate", "bilinear"])
@pytest.mark.parametrize("preprocessing", ["rgb", "bgr-means"])
def test_the_step_waits_for_no_value(monkeypatch, coordinates, preprocessing):
    monkeypatch.setattr("pvdbench.networks.pixel_volume.read_on_pixels", volume_by_a_kernel)
    params = NetworkParams(volume="gray", width=0.1, blocks=1, coordinates=coordinates, compensate="output-and-frames")
    model = VideoDeblurrer(params, LiteFlowNet(0.1, preprocessing)).eval()
    frames = torch.rand(4, 1, 3, 32, 64)
    with torch.inference_mode(), Waits() as waits:
        model(*frames)
    assert waits.found == set()


def test_the_operators_of_a_processor_do_wait():
    """So that the test above can fail."""
    model = VideoDeblurrer(NetworkParams(volume="gray", width=0.1, blocks=1), None).eval()
    with torch.inference_mode(), Waits() as waits:
        model(*torch.rand(4, 1, 3, 32, 64))
    assert "nonzero_numpy" in waits.found


def test_transfers_on_a_processor_are_the_frames_in_turn():
    frames, device = [torch.rand(3, 4, 5) for _ in range(3)], torch.device("cpu")
    asked = []

    def read():
        for n, frame in enumerate(frames):
            asked.append(n)
            yield frame

    seen = []
    for n, frame in enumerate(downloaded(uploaded(read(), device), device)):
        assert asked == list(range(n + 1))  # nothing is read ahead
        seen.append(frame)
    assert all(torch.equal(a, b) for a, b in zip(seen, frames, strict=True))


@pytest.mark.parametrize("count", [0, 1, 2, 5])
def test_transfers_on_a_card_are_one_frame_behind(count):
    from pvdbench.networks.transfers import _one_behind

    events = []

    def read():
        for n in range(count):
            events.append(f"read {n}")
            yield torch.tensor(n)

    def begin(frame):
        events.append(f"begin {int(frame)}")
        return lambda: frame

    for frame in _one_behind(read(), begin):
        events.append(f"use {int(frame)}")
    assert [event for event in events if event.startswith("use")] == [f"use {n}" for n in range(count)]
    for n in range(count - 1):
        assert events.index(f"begin {n + 1}") < events.index(f"use {n}")
    for n in range(count - 2):
        assert events.index(f"use {n}") < events.index(f"read {n + 2}")
