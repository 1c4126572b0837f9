"""The studio of the hand-off, for every test in this folder."""

from handoff_samples import built, studio

__all__ = ["built", "studio"]
