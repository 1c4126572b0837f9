"""Items to digests and fingerprints; each name carries its parameters."""
