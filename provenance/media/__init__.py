"""SHELF: bytes to items, one file per medium. `shelf.py` holds the contract and finds the files."""
