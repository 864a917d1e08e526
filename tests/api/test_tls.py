"""TLS: what is served with it, who trusts it, and what is said about files that do not fit."""

import ssl
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path

import httpx
import pytest
from mcp import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp.types import TextContent
from typer import Typer
from typer.testing import CliRunner

from openmemory_api import commands
from openmemory_api.tls import context_of
from openmemory_mcp.settings import McpSettings, url_of
from openmemory_mcp.trust import certificate_in, verifier
from tests.api.certificates import make_certificate, protect
from tests.api.running import Running, served

pytestmark = pytest.mark.timeout(180)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return make_certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="module")
def running(
    tmp_path_factory: pytest.TempPathFactory, files: tuple[Path, Path]
) -> Generator[Running]:
    flags = ("--tls-cert", str(files[0]), "--tls-key", str(files[1]))
    with served(tmp_path_factory.mktemp("served"), *flags) as server:
        yield server


def openmemory(running: Running, *words: str, **more: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "openmemory_mcp", *words],
        env={**running.environment, **more},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_address_is_told_with_its_scheme(running: Running) -> None:
    assert running.url.startswith("https://127.0.0.1:")
    assert f"MCP: {running.url}/mcp" in running.output.read_text()


def test_who_has_the_certificate_is_served_and_nobody_else_trusts_it(
    running: Running, files: tuple[Path, Path], tmp_path: Path
) -> None:
    trusting = httpx.get(f"{running.url}/health", verify=verifier(certificate_in(files[0])))
    assert trusting.json()["service"] == "openmemory"
    assert "strict-transport-security" not in trusting.headers  # a name that is this machine's own
    other, _ = make_certificate(tmp_path)
    for verify in (True, verifier(certificate_in(other))):
        with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
            httpx.get(f"{running.url}/health", verify=verify)


def test_a_browser_that_came_by_a_name_is_told_to_come_by_tls_again(
    running: Running, files: tuple[Path, Path]
) -> None:
    refused = httpx.get(
        f"{running.url}/health",
        verify=verifier(certificate_in(files[0])),
        headers={"host": "memory.example"},
    )
    assert refused.status_code == 421
    assert refused.headers["strict-transport-security"] == "max-age=31536000"


def test_older_tls_is_not_spoken(files: tuple[Path, Path]) -> None:
    assert context_of(*files).minimum_version is ssl.TLSVersion.TLSv1_2


def test_commands_reach_the_server_by_its_file(running: Running) -> None:
    status = openmemory(running, "status")
    assert status.returncode == 0, status.stdout
    assert f"at {running.url}" in status.stdout
    assert openmemory(running, "reindex").returncode == 0
    assert openmemory(running, "keys", "list").returncode == 0
    assert "OpenMemory answers" in " ".join(openmemory(running, "doctor").stdout.split())


@pytest.mark.parametrize("trusts", [True, False])
def test_commands_elsewhere_reach_it_by_address_with_its_certificate_alone(
    running: Running, files: tuple[Path, Path], tmp_path: Path, *, trusts: bool
) -> None:
    more = {"OPENMEMORY_TLS_CERT": str(files[0])} if trusts else {}
    elsewhere = {"OPENMEMORY_DATA_DIR": str(tmp_path), "OPENMEMORY_URL": running.url}
    status = openmemory(running, "status", **elsewhere, **more)
    assert status.returncode == (0 if trusts else 3)


async def test_a_bridge_remembers_over_tls(running: Running) -> None:
    command = StdioServerParameters(
        command=sys.executable,
        args=["-m", "openmemory_mcp", "mcp", "--app", "cursor"],
        env=dict(running.environment),
    )
    async with Client(stdio_client(command)) as client:
        added = await client.call_tool("add_memories", {"text": "likes tea", "infer": False})
    (block,) = added.content
    assert isinstance(block, TextContent)
    assert block.text == "added [m1] likes tea"


def serve(tmp_path: Path, *words: str) -> str:
    app = Typer()
    app.command()(commands.serve)
    arguments = ["--port", "0", "--data-dir", str(tmp_path / "data"), *words]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 1
    assert "Traceback" not in result.output
    return " ".join(result.output.split())


def test_files_that_do_not_fit_are_named(tmp_path: Path, files: tuple[Path, Path]) -> None:
    certificate, key = map(str, files)
    _, other = make_certificate(tmp_path, "other.example")
    text = tmp_path / "text"
    text.write_text("no certificate")
    assert "go together" in serve(tmp_path, "--tls-cert", certificate)
    assert "go together" in serve(tmp_path, "--tls-key", key)
    missing = serve(tmp_path, "--tls-cert", "/nowhere.pem", "--tls-key", key)
    assert "OPENMEMORY_TLS_CERT: /nowhere.pem cannot be read: No such file" in missing
    missing = serve(tmp_path, "--tls-cert", certificate, "--tls-key", "/nowhere.key")
    assert "OPENMEMORY_TLS_KEY: /nowhere.key cannot be read" in missing
    pair = serve(tmp_path, "--tls-cert", certificate, "--tls-key", str(other))
    assert "is not that of the certificate" in pair
    senseless = serve(tmp_path, "--tls-cert", str(text), "--tls-key", key)
    assert "are not a certificate and its key in PEM form" in senseless
    protect(other)
    secret = serve(tmp_path, "--tls-cert", certificate, "--tls-key", str(other))
    assert "protected by a password" in secret


def test_the_first_certificate_of_a_file_is_the_server_s_own(
    tmp_path: Path, files: tuple[Path, Path]
) -> None:
    chain = tmp_path / "chain.pem"
    other, _ = make_certificate(tmp_path, "authority.example")
    chain.write_text(files[0].read_text() + other.read_text())
    assert certificate_in(chain) == certificate_in(files[0])
    with pytest.raises(ValueError, match="holds no certificate"):
        certificate_in(files[1])


def test_a_client_s_setting_that_cannot_be_read_is_said(
    tmp_path: Path, files: tuple[Path, Path]
) -> None:
    with pytest.raises(ValueError, match="cannot be read"):
        McpSettings(tls_cert=tmp_path / "none.pem")
    with pytest.raises(ValueError, match="holds no certificate"):
        McpSettings(tls_cert=files[1])
    settings = McpSettings(tls_cert=files[0], host="::1", port=1)
    assert settings.default_url == url_of("::1", 1, tls=True) == "https://[::1]:1"
    assert settings.certificate == files[0].read_text()
