"""Checks dist/: what is in sdist and wheel, and that the wheel serves from a clean environment."""

import json
import os
import re
import subprocess
import sys
import tarfile
import tempfile
import time
import urllib.request
import zipfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
UV = ROOT / ".venv" / "bin" / "uv"
WANTED = (
    "openmemory_mcp/cli.py",
    "openmemory_api/app.py",
    "openmemory_api/db/migrations/env.py",
    "openmemory_api/db/migrations/script.py.mako",
    "openmemory_api/db/migrations/store/versions/0001_first.py",
    "openmemory_api/db/migrations/reads/versions/0001_first.py",
    "openmemory_api/embeddings/vocab.txt",
    "openmemory_api/static/index.html",
    ".js.br",
    ".css.gz",
    ".dist-info/entry_points.txt",
    ".dist-info/licenses/LICENSE",
)
TOP_LEVEL = ("openmemory_mcp", "openmemory_api", "openmemory_server-")
DASHBOARD = "openmemory_api/static/"
MOST_OF_DASHBOARD = 2 * 1024 * 1024
FACT = "The spare key of the boat hangs behind the blue door"


def main() -> None:
    """Every check, in order; the first that fails ends the run."""
    (wheel,) = (ROOT / "dist").glob("*.whl")
    (sdist,) = (ROOT / "dist").glob("*.tar.gz")
    check_contents(wheel)
    check_source(sdist)
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        install(wheel, home)
        serve(home)
    sys.stdout.write(
        f"{wheel.name}: contents, serve, /health, add, search and the dashboard are fine\n"
    )


def check_contents(wheel: Path) -> None:
    """What must be inside, and that nothing else is beside the two packages."""
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        dashboard = sum(
            each.compress_size for each in archive.infolist() if each.filename.startswith(DASHBOARD)
        )
    missing = [wanted for wanted in WANTED if not any(name.endswith(wanted) for name in names)]
    strangers = [name for name in names if not name.startswith(TOP_LEVEL) or name.endswith(".map")]
    if missing or strangers:
        sys.exit(f"{wheel.name}: missing {missing}, does not belong {strangers}")
    if dashboard > MOST_OF_DASHBOARD:
        sys.exit(f"{wheel.name}: the dashboard adds {dashboard} bytes")


def check_source(sdist: Path) -> None:
    """The built page is in the sdist too: wheels are made from it where there is no Node."""
    with tarfile.open(sdist) as archive:
        if not any(name.endswith(f"api/{DASHBOARD}index.html") for name in archive.getnames()):
            sys.exit(f"{sdist.name}: the dashboard is missing")


def install(wheel: Path, home: Path) -> None:
    """A new environment with the wheel, at the versions of the lock file, and nothing of ours."""
    locked = home / "locked.txt"
    export = ("export", "--frozen", "--no-dev", "--no-emit-project", "--output-file", locked)
    uv(*export)
    uv("venv", "--python", sys.executable, home / "env")
    uv("pip", "install", "--python", home / "env", "-r", locked)
    uv("pip", "install", "--python", home / "env", "--no-deps", wheel)


def uv(*arguments: str | Path) -> None:
    """Run the project's own uv."""
    environment = os.environ | {"UV_PYTHON_DOWNLOADS": "never"}
    subprocess.run([UV, "--quiet", *arguments], check=True, cwd=ROOT, env=environment)


def serve(home: Path) -> None:
    """Start the installed command, wait for it, and use it once."""
    data = home / "data"
    process = subprocess.Popen(
        [home / "env" / "bin" / "openmemory", "serve", "--port", "0", "--data-dir", data],
        cwd=home,
        # Nothing of this machine: neither Node nor another tool.
        env={"PATH": str(home / "env" / "bin"), "HOME": str(home)},
    )
    try:
        url = address(data / "server.json", process)
        health = call(f"{url}/health")
        if health["status"] not in ("ok", "starting"):
            sys.exit(f"/health says {health['status']}")
        look_at_dashboard(url, health["version"])
        messages = [{"role": "user", "content": FACT}]
        call(f"{url}/v3/memories/add/", {"messages": messages, "user_id": "alex"})
        found = call(
            f"{url}/v3/memories/search/",
            {"query": "where is the boat's key?", "filters": {"user_id": "alex"}},
        )
        if [memory["memory"] for memory in found["results"]] != [FACT]:
            sys.exit(f"The memory was not found: {found}")
    finally:
        process.terminate()
        process.wait(timeout=60)


def look_at_dashboard(url: str, version: str) -> None:
    """Its page, a script of it as browsers get it, and the version that it shows."""
    with urllib.request.urlopen(f"{url}/", timeout=30) as response:
        page = response.read().decode()
    script = re.search(r'src="\./(assets/[^"]+\.js)"', page)
    if script is None or '<base href="/">' not in page:
        sys.exit(f"The dashboard is not served: {page}")
    request = urllib.request.Request(f"{url}/{script[1]}", headers={"Accept-Encoding": "br"})
    with urllib.request.urlopen(request, timeout=30) as response:
        if response.headers["Content-Encoding"] != "br":
            sys.exit("The dashboard's script is not served compressed")
    shown = call(f"{url}/api/v1/ui/me")["version"]
    if not shown == version == metadata_version():
        sys.exit(f"The dashboard shows {shown}, /health says {version}")


def metadata_version() -> str:
    """The version in the wheel's name."""
    (wheel,) = (ROOT / "dist").glob("*.whl")
    return wheel.name.split("-")[1]


def address(file: Path, process: "subprocess.Popen[bytes]") -> str:
    """Where the server listens, once it has said so."""
    until = time.monotonic() + 120
    while time.monotonic() < until and process.poll() is None:
        if file.exists():
            url = json.loads(file.read_bytes())["url"]
            try:
                call(f"{url}/health")
            except OSError:
                pass
            else:
                return str(url)
        time.sleep(0.1)
    sys.exit("The installed server did not start")


def call(url: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    """One request to the server, answered with JSON."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as response:
        answer: dict[str, Any] = json.load(response)
    return answer


if __name__ == "__main__":
    main()
