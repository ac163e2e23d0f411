"""The contract of a competing method: what it offers, how it is loaded, checked and kept apart."""
