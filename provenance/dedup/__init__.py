"""Fingerprints to neighbours to clusters."""
