"""The official MCP conformance suite against our `/mcp`, at both revisions that agents speak.

`clients/conformance.yml` lists what is expected to fail, check by check: nothing else may, and what
passes after all has to leave the list.
"""

import json
import re
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from tests.acceptance import installs
from tests.acceptance.processes import Home, serving

pytestmark = pytest.mark.ci

_SUITE: Final = Path("@modelcontextprotocol") / "conformance"
_REVISIONS: Final = ("2025-11-25", "2026-07-28")
_PASSED: Final = ("SUCCESS", "INFO", "SKIPPED")
_RESULTS: Final = re.compile(r"server-(?P<scenario>.+)-\d{4}-\d\d-\d\dT[\d-]+Z")


def test_version(node_modules: Path) -> None:
    package = json.loads((node_modules / _SUITE / "package.json").read_text())
    assert package["version"] == "0.2.0-alpha.12"


@pytest.mark.parametrize("revision", _REVISIONS)
def test_only_what_a_product_does_not_have_fails(
    node_modules: Path, home: Home, tmp_path: Path, revision: str
) -> None:
    suite = node_modules / _SUITE
    required = _required(suite, revision)

    with serving(home) as server:
        command = [installs.NODE, str(suite / "dist" / "index.js"), "server"]
        target = ["--url", f"{server.url}/mcp", "--requirements", revision]
        done = home.run(*command, *target, "-o", str(tmp_path / "results"), timeout=300)

    failing = _failing(tmp_path / "results")
    assert required <= failing.keys(), done.stdout[-2_000:]
    not_ours = _extensions(suite, revision)
    assert {
        f"{scenario}/{check}"
        for scenario, checks in failing.items()
        for check in checks
        if scenario not in not_ours
    } == _expected(revision)


def _failing(results: Path) -> dict[str, set[str]]:
    """Each scenario that checked something, with the checks that did not pass."""
    found: dict[str, set[str]] = {}
    for folder in results.iterdir():
        name = _RESULTS.fullmatch(folder.name)
        assert name, folder.name
        checks: list[dict[str, Any]] = json.loads((folder / "checks.json").read_text())
        if checks:
            failing = {check["id"] for check in checks if check["status"] not in _PASSED}
            found[name["scenario"]] = failing
    return found


def _expected(revision: str) -> set[str]:
    return set(yaml.safe_load((installs.CLIENTS / "conformance.yml").read_text())[revision])


def _required(suite: Path, revision: str) -> set[str]:
    """What conformance to a revision requires of a server."""
    return set(_requirements(suite, revision)["server"])


def _extensions(suite: Path, revision: str) -> set[str]:
    """Scenarios of extensions, which the suite runs and does not count; we advertise none."""
    return {
        each["scenario"]
        for each in _requirements(suite, revision)["not_scored"]
        if each["leg"] == "server" and each["reason"] == "extension"
    }


def _requirements(suite: Path, revision: str) -> dict[str, Any]:
    return yaml.safe_load((suite / "requirements" / f"{revision}.yaml").read_text())
