"""`uvicorn openmemory_api.main:app`: the same application, started by a server of your own."""

from contextlib import ExitStack

from openmemory_api.commands import application, owned
from openmemory_api.settings import Settings

_settings = Settings()
# Held until the process ends: an embedded store has one owner, so a second worker is refused.
_held = ExitStack()
_held.enter_context(owned(_settings))
app = application(_settings)
