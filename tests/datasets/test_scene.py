import numpy as np
import pytest
import torch
from scipy.ndimage import binary_dilation, map_coordinates

from pvdbench.core.warp import backward_warp
from pvdbench.datasets.rendered.scene import Scene, Trajectory, shaky_path

H, W = 64, 96
STEPS = 16  # sub-frames between the two frames that the flow joins


def smooth(seed):
    """(3, 160, 200) waves longer than 16 pixels in [0, 1]: bilinear sampling loses next to nothing of them."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:160, :200]
    waves = [np.sin(rng.uniform(-0.35, 0.35) * x + rng.uniform(-0.35, 0.35) * y + rng.uniform(0, 6)) for _ in range(9)]
    return torch.from_numpy(np.stack([np.mean(waves[c::3], 0) for c in range(3)]) / 2 + 0.5).float()


def filmed(seed, background, cutout):
    """Camera and cut-out move, turn and zoom on their own."""
    rng = np.random.default_rng(seed)
    times = np.arange(3 * STEPS) / STEPS
    camera, moving = shaky_path(rng, times, 6.0, 2.0), shaky_path(rng, times, 5.0, 2.0)
    return Scene(background, cutout, torch.tensor([20.0, 0.15, 1.0]), camera, moving, (H, W))


def frame(scene, moment):
    return scene.images(slice(moment, moment + 1))


def away(mask, pixels=3):
    """Where no border of a mask is near."""
    return ~(binary_dilation(mask, iterations=pixels) & binary_dilation(~mask, iterations=pixels))


@pytest.mark.parametrize("seed", range(4))
def test_the_flow_is_right_for_both_layers_under_translation_rotation_and_zoom(seed):
    scene = filmed(seed, smooth(2 * seed), smooth(2 * seed + 1))
    now, earlier = 2 * STEPS, STEPS
    flow, hidden = scene.flow(now, earlier)
    before, current = frame(scene, earlier), frame(scene, now)
    warped = backward_warp(before, flow.permute(2, 0, 1)[None].float())
    shape = filmed(seed, torch.zeros(3, 160, 200), torch.ones(3, 160, 200))
    front = frame(shape, now)[0, 0].numpy() > 0.5
    seen = ~hidden.numpy() & away(front) & away(hidden.numpy())
    squared = ((warped - current) ** 2)[0].mean(0).numpy()[seen]
    still = ((before - current) ** 2)[0].mean(0).numpy()[seen]
    assert seen.mean() > 0.5 and front.sum() > 500
    assert -10 * np.log10(squared.mean()) > 45
    assert -10 * np.log10(squared.mean()) > -10 * np.log10(still.mean()) + 15  # it would not do without motion


@pytest.mark.parametrize("seed", range(4))
def test_hidden_is_what_lay_behind_the_cutout_or_outside(seed):
    """A black world and a white cut-out: the white that warping brings to black pixels is what hid them."""
    scene = filmed(seed, torch.zeros(3, 160, 200), torch.ones(3, 160, 200))
    flow, hidden = scene.flow(2 * STEPS, STEPS)
    before, now = (frame(scene, moment)[0, 0].numpy() for moment in (STEPS, 2 * STEPS))
    y, x = np.mgrid[:H, :W]
    there = np.stack((y, x)) + flow.numpy()[..., ::-1].transpose(2, 0, 1)
    outside = (there[0] < 0) | (there[0] > H - 1) | (there[1] < 0) | (there[1] > W - 1)
    covered = (now <= 0.5) & (map_coordinates(before, there, order=1, mode="nearest") > 0.5)
    differs = hidden.numpy() != (outside | covered)
    assert differs.mean() < 0.005  # bilinear against exact edges
    assert not (differs & away(hidden.numpy(), 1)).any()
    assert covered.sum() > 10 and outside.sum() > 10


def test_a_turn_of_the_camera_turns_the_world_the_other_way():
    """The camera rolls by 0.1: u now was R(0.1) u in the frame before, by hand at one pixel."""
    roll = Trajectory(np.zeros((2, 2)), np.array([0.0, 0.1]), np.zeros(2))
    rest = Trajectory(np.full((2, 2), 500.0), np.zeros(2), np.zeros(2))  # the cut-out is out of sight
    flow, _ = Scene(smooth(0), smooth(1), torch.tensor([5.0, 0.0, 0.0]), roll, rest, (65, 97)).flow(1, 0)
    u = np.array([30.0, 0.0])  # 30 pixels right of the centre (48, 32)
    turned = np.array([[np.cos(0.1), -np.sin(0.1)], [np.sin(0.1), np.cos(0.1)]]) @ u
    np.testing.assert_allclose(flow[32, 78].numpy(), turned - u, atol=1e-9)
    np.testing.assert_allclose(flow[32, 48].numpy(), 0, atol=1e-9)


def test_zooming_in_pulls_the_frame_before_towards_the_centre():
    """A smaller scale now, e^-0.1: a pixel 30 off the centre was 30 e^-0.1 off it before."""
    zoom = Trajectory(np.zeros((2, 2)), np.zeros(2), np.array([0.0, -0.1]))
    rest = Trajectory(np.full((2, 2), 500.0), np.zeros(2), np.zeros(2))
    flow, _ = Scene(smooth(0), smooth(1), torch.tensor([5.0, 0.0, 0.0]), zoom, rest, (65, 97)).flow(1, 0)
    np.testing.assert_allclose(flow[32, 78].numpy(), [30 * np.exp(-0.1) - 30, 0], atol=1e-9)


def test_an_image_at_rest_is_the_photograph_itself():
    photo = smooth(0)
    rest = Trajectory(np.zeros((1, 2)), np.zeros(1), np.zeros(1))
    gone = Trajectory(np.full((1, 2), 500.0), np.zeros(1), np.zeros(1))
    image = Scene(photo, smooth(1), torch.tensor([5.0, 0.0, 0.0]), rest, gone, (H, W)).images(slice(0, 1))[0]
    np.testing.assert_allclose(image.numpy(), photo[:, 48 : 48 + H, 52 : 52 + W].numpy(), atol=1e-5)
