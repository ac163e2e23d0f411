"""Statistics and frames to the paper's figures."""
