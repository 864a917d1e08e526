"""The log of calls, usage and limits."""
