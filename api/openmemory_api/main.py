"""`uvicorn openmemory_api.main:app`: the same application, started by a server of your own."""

from openmemory_api.app import create_app
from openmemory_api.settings import Settings

app = create_app(Settings())
