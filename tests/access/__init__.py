"""Every route and every tool, asked by every kind of caller, held to one naive decision.

`reference.py` says in plain words who may do what. `world.py` makes random stores and callers.
`reading.py`, `writing.py`, `managing.py` and `tools.py` have a driver for each route and tool, and
`test_every_road.py` fails where one is missing. `test_races.py` changes rules under way.
"""
