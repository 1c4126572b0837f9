"""The rooms of the release."""
