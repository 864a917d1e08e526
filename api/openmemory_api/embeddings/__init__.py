"""Embedders: text to vectors, in process or over HTTP."""
