"""Frames that the protocol tests compare."""

import numpy as np
from scipy.ndimage import gaussian_filter


def textured(size, seed=0):
    """Smooth noise, (H, W, 3) bytes from 20 to 220."""
    image = gaussian_filter(np.random.default_rng(seed).random((*size, 3)), (1.5, 1.5, 0))
    return ((image - image.min()) / np.ptp(image) * 200 + 20).astype(np.uint8)


def noisy(frame, seed=1, sigma=4.0):
    noise = np.random.default_rng(seed).normal(0, sigma, frame.shape)
    return np.clip(frame + noise, 0, 255).astype(np.uint8)
