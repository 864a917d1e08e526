"""The project's outside agrees with its inside: settings, documents, container, version."""

import ast
import functools
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import tomllib
from collections.abc import Generator
from importlib.metadata import entry_points
from itertools import chain
from pathlib import Path
from typing import Any

import httpx
import pytest
import typer
import typer.main
import yaml
from pydantic import AliasChoices, SecretStr
from pydantic_settings import BaseSettings

from openmemory_api import __version__
from openmemory_api.settings import Settings
from openmemory_mcp import cli
from openmemory_mcp.settings import McpSettings

ROOT = Path(__file__).parents[1]
NAME = re.compile(r"\bOPENMEMORY_[A-Z][A-Z_]*[A-Z]\b")
LINK = re.compile(r"\]\(([^)\s]+)\)|(?:src|href|srcset)=\"([^\"]+)\"")
FENCE = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
DOCUMENTS = sorted(
    path
    for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("*/README.md")]
    if ".venv" not in path.parts
)


def read(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def project() -> dict[str, Any]:
    return tomllib.loads(read("pyproject.toml"))


def defaults_of(settings: type[BaseSettings]) -> dict[str, str]:
    return {
        f"OPENMEMORY_{name.upper()}": written(name, field.default)
        for name, field in settings.model_fields.items()
    }


def written(name: str, default: object) -> str:
    """A default as people write it."""
    if default is None or default == ():
        return ""
    if isinstance(default, float):
        return f"{default:g}"
    return "~/.openmemory" if name == "data_dir" else str(default)


@functools.cache
def defaults() -> dict[str, str]:
    # Where both have a setting the server's default is the one that is shown.
    return defaults_of(McpSettings) | defaults_of(Settings)


@pytest.fixture
def no_env_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory without a `.env`."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


# -- settings


def test_the_example_environment_shows_every_setting_with_its_default() -> None:
    shown = dict(
        line.removeprefix("# ").split("=", 1)
        for line in read(".env.example").splitlines()
        if line.startswith("# OPENMEMORY_")
    )
    assert shown == defaults()


def test_the_example_environment_can_be_used_as_it_is(no_env_file: Path) -> None:
    before = Settings()
    uncommented = re.sub(r"^# (OPENMEMORY_)", r"\1", read(".env.example"), flags=re.MULTILINE)
    (no_env_file / ".env").write_text(uncommented)
    assert Settings() == before


def test_the_documentation_has_every_setting_with_its_default() -> None:
    rows = re.findall(
        r"^\| `(OPENMEMORY_\w+)` \| (\S+) \| .{20}", read("docs/configuration.md"), re.MULTILINE
    )
    shown = {name: "" if default == "none" else default.strip("`") for name, default in rows}
    assert shown == defaults()


def test_every_alias_of_a_setting_is_documented() -> None:
    text = read("docs/configuration.md") + read(".env.example")
    for field in Settings.model_fields.values():
        if isinstance(field.validation_alias, AliasChoices):
            for alias in field.validation_alias.choices:
                assert str(alias) in text


@pytest.mark.parametrize(
    "path",
    [*DOCUMENTS, ROOT / "Dockerfile", ROOT / "docker-compose.yml"],
    ids=lambda path: str(path.relative_to(ROOT)),
)
def test_no_document_names_a_setting_that_does_not_exist(path: Path) -> None:
    assert set(NAME.findall(path.read_text(encoding="utf-8"))) <= set(defaults())


# -- version


def test_the_changelog_has_this_version_under_an_unreleased_heading() -> None:
    headings = re.findall(r"^## (\S+)", read("CHANGELOG.md"), re.MULTILINE)
    assert headings[0] == "Unreleased"
    assert headings[1] == project()["project"]["version"] == __version__


def test_changelog_sections_come_in_the_reader_s_order() -> None:
    order = ["Breaking", "Added", "Changed", "Fixed"]
    for release in read("CHANGELOG.md").split("\n## ")[1:]:
        sections = re.findall(r"^### (\w+)", release, re.MULTILINE)
        assert sections == sorted(sections, key=order.index)


def test_the_version_of_uv_is_the_same_everywhere() -> None:
    (pinned,) = re.findall(r"^UV_VERSION=(\S+)", read(".ci/bootstrap"), re.MULTILINE)
    for path in ("Dockerfile", "README.md", "CONTRIBUTING.md"):
        assert set(re.findall(r"uv==([\d.]+)", read(path))) <= {pinned}, path
    assert f"uv=={pinned}" in read("Dockerfile")


# -- documents


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_of_a_document_resolves(path: Path) -> None:
    for target in ("".join(found) for found in LINK.findall(path.read_text(encoding="utf-8"))):
        if "://" in target or target.startswith(("mailto:", "/")):
            continue
        name, _, anchor = target.partition("#")
        linked = path.parent / name if name else path
        assert linked.exists(), f"{path.name} links to {target}"
        if anchor:
            assert anchor in anchors(linked), f"{path.name} links to {target}"


def anchors(path: Path) -> set[str]:
    """The anchors of a document's headings, as Git hosts make them."""
    headings = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def tracked_texts() -> list[Path]:
    """What is, or is to be, in the repository; nothing where there is no git."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    ).stdout.split("\n")
    names = [name for name in listed if name]
    return [ROOT / name for name in names if (ROOT / name).suffix not in (".lock", ".onnx", ".png")]


@pytest.mark.skipif(shutil.which("git") is None, reason="needs git")
def test_nothing_names_a_path_of_somebody_s_machine() -> None:
    pattern = re.compile(r"(?<![\w.])/(?:home|Users|root|work)/(?!you\b|YOU\b)[\w.-]+")
    for path in tracked_texts():
        if path.is_file() and path != Path(__file__):
            text = path.read_text(encoding="utf-8", errors="replace")
            assert pattern.findall(text) == [], path


def test_decisions_are_numbered_without_gaps_and_have_their_headings() -> None:
    records = sorted((ROOT / "docs" / "decisions").glob("[0-9]*.md"))
    assert [int(record.name[:4]) for record in records] == list(range(1, len(records) + 1))
    index = read("docs/decisions/README.md")
    for record in records:
        text = record.read_text(encoding="utf-8")
        assert f"({record.name})" in index
        assert text.startswith("# ")
        headings = re.findall(r"^## (.+)$", text, re.MULTILINE)
        assert headings[:1] == ["Context"], record.name
        assert {"Decision", "Consequences"} <= set(headings), record.name


def test_every_dependency_has_its_reason() -> None:
    text = read("docs/decisions/0002-dependencies.md")
    product = project()["project"]
    listed = product["dependencies"] + project()["dependency-groups"]["dev"]
    listed += chain.from_iterable(product["optional-dependencies"].values())
    names = {re.split(r"[\[<>=!;~ ]", requirement, maxsplit=1)[0] for requirement in listed}
    # The project itself, with its extras, is how developers get those.
    for name in names - {product["name"]}:
        assert f"`{name}`" in text, name


def commands_of(language: str) -> list[tuple[str, list[str]]]:
    """Every shell line in the documents that begins with a command of ours or make."""
    found: list[tuple[str, list[str]]] = []
    for path in DOCUMENTS:
        for kind, body in FENCE.findall(path.read_text(encoding="utf-8")):
            if kind == language:
                lines = body.replace("\\\n", " ").splitlines()
                found += [(path.name, line.split("#")[0].split()) for line in lines]
    return [(name, words) for name, words in found if words]


def test_documented_commands_and_flags_exist() -> None:
    known = {
        name: {option for param in command.params for option in param.opts}
        for name, command in installed_commands().items()
    }
    groups = {name.split()[0] for name in known if " " in name}
    checked = 0
    for name, words in commands_of("sh") + commands_of("powershell"):
        program = re.split(r"[/\\]", words[0])[-1]
        if program != "openmemory" or len(words) < 2:
            continue
        checked += 1
        if words[1] in groups:
            words = [words[0], " ".join(words[1:3]), *words[3:]]
        assert words[1] in {*known, "--version", "--help"}, f"{name}: {' '.join(words)}"
        flags = {word.split("=")[0] for word in words[2:] if word.startswith("-")}
        assert flags <= known.get(words[1], set()) | {"--help"}, f"{name}: {' '.join(words)}"
    assert checked


def installed_commands() -> dict[str, Any]:
    """Each command as Typer would build it, by name; those of a group by both names."""
    commands: dict[str, Any] = {}
    for command in (*cli.OWN, *entry_points(group=cli.GROUP)):
        loaded = command.load()
        if isinstance(loaded, typer.Typer):
            group: Any = typer.main.get_command(loaded)
            commands |= {f"{command.name} {name}": each for name, each in group.commands.items()}
            continue
        app = typer.Typer(add_completion=False)
        app.command(command.name)(loaded)
        commands[command.name] = typer.main.get_command(app)
    return commands


def test_documented_make_verbs_exist_and_help_lists_them() -> None:
    text = read("Makefile")
    verbs = set(re.findall(r"^([a-z0-9-]+):.*## \S", text, re.MULTILINE))
    phony = re.findall(r"^\.PHONY: (.+)$", text, re.MULTILINE)
    assert verbs == set(" ".join(phony).split())
    prose = " ".join(path.read_text(encoding="utf-8") for path in DOCUMENTS)
    for verb in re.findall(r"`make ([a-z0-9-]+)`", prose):
        assert verb in verbs, verb
    for name, words in commands_of("sh"):
        if words[0] == "make":
            assert words[1] in verbs, name


def test_python_of_the_readme_parses() -> None:
    for kind, body in FENCE.findall(read("README.md")):
        if kind == "python":
            ast.parse(body)
        elif kind == "json":
            json.loads(body)
        elif kind == "toml":
            tomllib.loads(body)


@pytest.mark.skipif(shutil.which("make") is None, reason="needs make")
def test_the_makefile_starts_without_an_environment() -> None:
    printed = subprocess.run(
        ["make", "help"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert "run" in printed


# -- the container, without an engine


def stages() -> list[list[tuple[str, str]]]:
    """The Dockerfile's instructions, by stage."""
    text = re.sub(r"^#.*\n", "", read("Dockerfile"), flags=re.MULTILINE).replace("\\\n", " ")
    lines = [line.split(None, 1) for line in text.splitlines() if line.strip()]
    found: list[list[tuple[str, str]]] = []
    for instruction, rest in lines:
        if instruction == "FROM":
            found.append([])
        found[-1].append((instruction, " ".join(rest.split())))
    return found


def container_environment() -> dict[str, str]:
    words = " ".join(rest for instruction, rest in stages()[-1] if instruction == "ENV").split()
    return dict(word.split("=", 1) for word in words if word.startswith("OPENMEMORY_"))


def container_command() -> list[str]:
    (command,) = [rest for instruction, rest in stages()[-1] if instruction == "CMD"]
    return json.loads(command)


def test_the_image_runs_as_somebody_and_keeps_its_data_in_a_volume() -> None:
    final = dict(stages()[-1])
    environment = container_environment()
    assert final["USER"] == "openmemory"
    assert final["VOLUME"] == environment["OPENMEMORY_DATA_DIR"] == "/data"
    assert final["EXPOSE"] == environment["OPENMEMORY_PORT"] == "8000"
    assert "/health" in final["HEALTHCHECK"]
    assert container_command() == ["openmemory", "serve"]


@pytest.mark.usefixtures("no_env_file")
def test_the_image_s_environment_is_read_by_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in container_environment().items():
        monkeypatch.setenv(name, value)
    settings = Settings(api_key=SecretStr("a long random text"))
    assert (settings.host, settings.port) == ("0.0.0.0", 8000)
    assert settings.demands_key


def test_everything_the_image_copies_reaches_the_build() -> None:
    admitted = {line[1:] for line in read(".dockerignore").splitlines() if line.startswith("!")}
    copied = [
        word
        for instruction, rest in chain.from_iterable(stages())
        if instruction == "COPY" and not rest.startswith("--from=")
        for word in rest.split()[:-1]
    ]
    assert {name.split("/")[0] for name in copied} == admitted
    assert all((ROOT / name).exists() for name in copied)


@functools.cache
def compose() -> dict[str, Any]:
    return yaml.safe_load(read("docker-compose.yml"))


def test_compose_publishes_on_this_machine_only_and_demands_a_key() -> None:
    service = compose()["services"]["openmemory"]
    port = container_environment()["OPENMEMORY_PORT"]
    assert service["ports"] == [f"127.0.0.1:{port}:{port}"]
    assert service["environment"]["OPENMEMORY_API_KEY"].startswith("${OPENMEMORY_API_KEY:?")
    volume, _, target = service["volumes"][0].partition(":")
    assert volume in compose()["volumes"]
    assert target == container_environment()["OPENMEMORY_DATA_DIR"]


@pytest.mark.usefixtures("no_env_file")
def test_compose_agrees_with_the_settings_and_the_image(monkeypatch: pytest.MonkeyPatch) -> None:
    given: dict[str, str] = compose()["services"]["openmemory"]["environment"]
    assert container_environment().items() <= given.items()
    # What it does not pass on has no effect in a container, whatever `.env` says.
    models = (f"OPENMEMORY_{each}" for each in ("LLM", "EMBEDDER"))
    parts = ("MODEL", "URL", "API_KEY")
    assert {f"{model}_{part}" for model in models for part in parts} <= given.keys()
    for name, value in given.items():
        fallback = re.fullmatch(r"\$\{(\w+):-(.*)\}", value)
        if fallback:
            assert fallback.groups() == (name, defaults()[name])
        monkeypatch.setenv(name, fallback[2] if fallback else value)
    assert Settings().demands_key


def test_what_compose_adds_to_scale_is_pinned_and_reached_by_nobody_else() -> None:
    services = compose()["services"]
    added = {name: each for name, each in services.items() if each.get("profiles") == ["scale"]}
    assert added.keys() == services.keys() - {"openmemory"}
    for service in added.values():
        assert re.fullmatch(r"[\w/]+:v?\d+\.\d+[\w.-]*", service["image"])
        assert "ports" not in service
        assert {volume.partition(":")[0] for volume in service["volumes"]} <= compose()[
            "volumes"
        ].keys()


@pytest.fixture
def container_process(tmp_path: Path) -> Generator[tuple[str, str]]:
    """The image's command in the image's environment, except for port and folder."""
    process = subprocess.Popen(
        container_words(),
        cwd=tmp_path,
        env=host_environment(tmp_path) | {"OPENMEMORY_API_KEY": "a long random text"},
        stderr=subprocess.DEVNULL,
    )
    try:
        yield server_of(tmp_path / "server.json", process), "a long random text"
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=20)


def container_words() -> list[str]:
    return [str(Path(sys.executable).parent / container_command()[0]), *container_command()[1:]]


def host_environment(folder: Path) -> dict[str, str]:
    own = {"OPENMEMORY_PORT": "0", "OPENMEMORY_DATA_DIR": str(folder), "HOME": str(folder)}
    kept = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT") if name in os.environ}
    return kept | container_environment() | own


def server_of(file: Path, process: "subprocess.Popen[bytes]") -> str:
    until = time.monotonic() + 30
    while time.monotonic() < until and process.poll() is None:
        if file.exists():
            return json.loads(file.read_bytes())["url"]
        time.sleep(0.05)
    raise AssertionError(f"The server did not start: {process.poll()}")


def test_the_container_refuses_to_serve_without_a_key(tmp_path: Path) -> None:
    ended = subprocess.run(
        container_words(),
        cwd=tmp_path,
        env=host_environment(tmp_path),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert ended.returncode == 1
    assert "Set OPENMEMORY_API_KEY" in ended.stderr


def test_the_container_serves_every_interface_to_holders_of_the_key(
    container_process: tuple[str, str],
) -> None:
    url, key = container_process
    transport = httpx.HTTPTransport(retries=20)
    with httpx.Client(transport=transport, base_url=url, timeout=30) as http:
        listing = f"/v1/memories/?user_id={compose()['name']}"
        assert http.get("/health").json()["auth"]["key_required"]
        assert http.get(listing).status_code == 401
        wrong = http.get(listing, headers={"Authorization": "Token something else"})
        assert wrong.status_code == 401
        right = http.get(listing, headers={"Authorization": f"Token {key}"})
        assert right.status_code == 200
    if sys.platform != "darwin":  # which gives loopback one address only
        assert listens_at("127.0.0.2", int(url.rsplit(":", 1)[1]))


def listens_at(address: str, port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(5)
        return probe.connect_ex((address, port)) == 0
