"""Nah et al. 2017 (GoPro) with its gamma-encoded blur, which the paper uses, and with its linear blur.

They are two data sets of one archive: results on the one do not compare with results on the other.
"""

from functools import partial

from pvdbench.datasets.layouts.layout import Layout, train_and_test, videos_of_branches

_SOURCE = "Nah et al., Deep Multi-scale Convolutional Neural Network for Dynamic Scene Deblurring, CVPR 2017"
_GAMMA = (
    train_and_test("train", "test", "blur_gamma", "sharp"),
    train_and_test("train_nah", "test_nah", "blur_gamma", "sharp"),
)
_LINEAR = (train_and_test("train", "test", "blur", "sharp"),)

NAH = Layout(
    name="nah",
    summary="Nah et al. 2017 (GoPro), 33 videos, gamma-encoded blur",
    form="{train,test}/VIDEO/{blur_gamma,sharp}, or {train,test}_nah/VIDEO/{blur_gamma,sharp} "
    "as PVDNet's authors packed it",
    source=_SOURCE,
    videos=partial(videos_of_branches, variants=_GAMMA),
    splits="nah",
)

NAH_LINEAR = Layout(
    name="nah-linear",
    summary="the same with its linear blur, which the paper does not use",
    form="{train,test}/VIDEO/{blur,sharp}",
    source=_SOURCE,
    videos=partial(videos_of_branches, variants=_LINEAR),
    splits="nah",
    folder="nah",
)
