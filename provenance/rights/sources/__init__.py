"""SHELF: where statements and signals come from, one file each."""
