"""Fingerprints to neighbours to groups: which items are copies of each other."""
