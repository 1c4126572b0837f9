"""The outside to bytes: walk, open once beneath the root, sequences, containers, custody lists."""
