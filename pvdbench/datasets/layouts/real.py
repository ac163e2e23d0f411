"""The real videos of Su et al. 2017 (Sec. 4.6): blurry frames alone, in the archive of their data set."""

from functools import partial

from pvdbench.datasets.layouts.layout import Branch, Layout, videos_of_branches

REAL = Layout(
    name="real",
    summary="the 23 real videos of Su et al. 2017, without truth",
    form="qualitative_datasets/VIDEO/input",
    source="Su et al., Deep Video Deblurring for Hand-held Cameras, CVPR 2017",
    videos=partial(videos_of_branches, variants=((Branch("qualitative_datasets", "test", "input", None),),)),
    splits="real",
    folder="su",
)
