"""Protocols: what is done to frames before metrics compare them."""
