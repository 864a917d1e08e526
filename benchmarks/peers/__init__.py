"""Other memory servers beside ours: same texts, same embedder, same client, one run."""
