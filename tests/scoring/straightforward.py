"""The koehler protocol written as plainly as possible, to hold the fast one against and to time it by."""

import numpy as np
from skimage.metrics import structural_similarity


def straightforward(estimate, truth, crop=16):
    x, z = (frame[crop:-crop, crop:-crop].astype(float) for frame in (truth, estimate))
    gain = np.sum(x * z) / np.sum(z * z)
    z = z * gain
    correlation = np.abs(np.fft.ifft2(np.fft.fft2(x.mean(2)) * np.conj(np.fft.fft2(z.mean(2)))))
    columns = correlation.T
    shift_x, shift_y = np.unravel_index(columns.argmax(), columns.shape)
    h, w = correlation.shape
    shift_y = shift_y - h if shift_y >= h // 2 else shift_y
    shift_x = shift_x - w if shift_x >= w // 2 else shift_x
    moved, mask = np.zeros((h, w, 3)), np.zeros((h, w, 3))
    for y in range(max(shift_y, 0), min(h, h + shift_y)):
        for x_ in (slice(max(shift_x, 0), min(w, w + shift_x)),):
            moved[y, x_] = z[y - shift_y, x_.start - shift_x : x_.stop - shift_x]
            mask[y, x_] = 1
    luma = np.array([0.299, 0.587, 0.114])
    a, b = moved @ luma, (x * mask) @ luma
    _, similarity = structural_similarity(
        b, a, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=255, full=True
    )
    return 10 * np.log10(255**2 / np.mean((a - b) ** 2)), similarity[5:-5, 5:-5].mean(), shift_y, shift_x, gain
