"""Words of the house: frozen dataclasses, errors and the clock. Standard library only; everything else stands on it."""
