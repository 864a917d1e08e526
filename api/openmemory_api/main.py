"""`uvicorn openmemory_api.main:app`: the same application, started by a server of your own."""

from openmemory_api.app import create_app
from openmemory_api.settings import Settings
from openmemory_mcp import serverfile

_settings = Settings()
# Held until the process ends: an embedded store has one owner, so a second worker is refused.
_owner = serverfile.lock(_settings.data_dir)
_owner.acquire()
app = create_app(_settings)
