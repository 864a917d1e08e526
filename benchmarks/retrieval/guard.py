"""Placeholder."""


async def check():
    return []
