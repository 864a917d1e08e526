"""How well memories are found: data sets asked through the real HTTP API, and the legs alone."""
