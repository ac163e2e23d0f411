"""The data sets of Sec. 4.1: what they hold, where each frame lies, and the rendered sample."""
