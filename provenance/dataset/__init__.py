"""The dataset on disk: schemas, shards, index, the signed version chain, and every fsync of the house."""
