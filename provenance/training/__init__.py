"""What training receives: admitted items and nothing else, each read proven, and a receipt of what was read."""
