"""The memory store: SQL is the truth, the vector index is derived, access is a filter."""

from importlib.metadata import version

__version__ = version("openmemory-server")
