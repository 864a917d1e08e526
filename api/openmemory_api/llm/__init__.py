"""Language models: what was said to facts, over HTTP."""
