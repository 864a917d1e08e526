"""Rerankers: how well texts answer a query, over HTTP or by a model in a folder."""
