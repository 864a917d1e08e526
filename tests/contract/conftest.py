"""A store in a process of its own: the asynchronous client blocks its event loop on a ping."""

import os
import socket
import subprocess
import sys
from collections.abc import Generator
from tempfile import TemporaryDirectory
from time import monotonic

import httpx
import pytest

# The client asks for these when it is imported.
os.environ["MEM0_TELEMETRY"] = "False"
_CLIENT_HOME = TemporaryDirectory(prefix="mem0-")
os.environ["MEM0_DIR"] = _CLIENT_HOME.name

_READY_WITHIN = 60.0


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def _wait_until_ready(process: subprocess.Popen[bytes], address: str) -> None:
    deadline = monotonic() + _READY_WITHIN
    with httpx.Client(transport=httpx.HTTPTransport(retries=3)) as http:
        while monotonic() < deadline:
            assert process.poll() is None, "the server stopped"
            try:
                if http.get(f"{address}/v1/ping/", timeout=_READY_WITHIN).is_success:
                    return
            except httpx.TransportError:
                continue
    pytest.fail("the server did not start")


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Generator[str]:
    """The address of a running store, for the whole session."""
    port = _free_port()
    data = tmp_path_factory.mktemp("store")
    command = [sys.executable, "-m", "uvicorn", "openmemory_api.main:app", "--port", str(port)]
    outside = {name: value for name, value in os.environ.items() if "OPENMEMORY" not in name}
    environment = {**outside, "OPENMEMORY_DATA_DIR": str(data)}
    with (data / "server.log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log, cwd=data)
    try:
        _wait_until_ready(process, address := f"http://127.0.0.1:{port}")
        yield address
    finally:
        process.terminate()
        process.wait(timeout=30)
