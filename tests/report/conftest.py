"""The fake study, for every test of this folder."""

from fake_study import fake, own  # noqa: F401
