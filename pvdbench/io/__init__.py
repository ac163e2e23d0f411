"""What touches the disk: frames, videos, flow, weights, tables, and writes that appear whole or not at all."""
