"""Score files to statistics: groups of frames, intervals, ranks, findings, published numbers."""
