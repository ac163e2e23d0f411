"""Su et al. 2017 (DVD), the data set of Table 2: as its authors packed it, and as PVDNet's authors did."""

from functools import partial

from pvdbench.datasets.layouts.layout import Branch, Layout, train_and_test, videos_of_branches

_VARIANTS = (
    (Branch("quantitative_datasets", None, "input", "GT"),),
    train_and_test("train_DVD", "test_DVD", "input", "GT"),
)

SU = Layout(
    name="su",
    summary="Su et al. 2017 (DVD), 71 videos",
    form="quantitative_datasets/VIDEO/{input,GT}, or {train,test}_DVD/VIDEO/{input,GT} as PVDNet's authors packed it",
    source="Su et al., Deep Video Deblurring for Hand-held Cameras, CVPR 2017",
    videos=partial(videos_of_branches, variants=_VARIANTS),
    splits="su",
)
