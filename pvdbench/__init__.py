"""pvdbench: the PVDNet study (Son et al., TOG 2021) as a reproducible benchmark of video deblurring."""

__version__ = "0.1.0"
