"""SHELF: map_unordered(fn, units), and nothing more."""
