"""Measurements. Each prints its numbers beside a baseline taken in the same run."""
