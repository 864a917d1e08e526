"""Every operation of our own OpenAPI document, asked at random, keeps what the document promises.

No failure of the server, no answer of another shape or status than documented, and nobody hears a
canary of another user.

`TEST_EXAMPLES=200` asks more, with other requests each time.
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false
import os
from collections.abc import Generator
from pathlib import Path
from random import Random
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from openmemory_api.app import create_app
from openmemory_api.settings import Settings
from tests.fuzz.site import BASE, Site, site

LONG = int(os.environ.get("TEST_EXAMPLES", "0"))
EXAMPLES = settings(
    max_examples=LONG or 6,
    derandomize=not LONG,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
DOCUMENT = create_app(Settings(data_dir=Path("never-opened"))).openapi()
STREAM = "/api/v1/ui/events"
OPERATIONS = [
    (method.upper(), path) for path, methods in DOCUMENT["paths"].items() for method in methods
]
MODES = {
    "no key": False,
    "no key where one is needed": True,
    "a user's key": False,
    "an app's key": True,
    "an administrator's key": True,
}
SCHEMA = schemathesis.openapi.from_dict(DOCUMENT)


@pytest.fixture(scope="module")
def sites(tmp_path_factory: pytest.TempPathFactory) -> Generator[dict[bool, Site]]:
    with (
        site(tmp_path_factory.mktemp("auto"), required=False) as trusting,
        site(tmp_path_factory.mktemp("required"), required=True) as demanding,
    ):
        yield {False: trusting, True: demanding}


def request_of(case: schemathesis.Case[Any], here: Site, seed: int) -> httpx.Request:
    """What a case sends; half of them name something that is there."""
    rng = Random(seed)
    for name in case.path_parameters or {}:
        known = here.real(name, rng) if rng.random() < 0.5 else None
        if known is not None:
            case.path_parameters[name] = known
    sent = case.as_transport_kwargs(base_url=BASE)
    if case.path == STREAM:
        # Else it would go on for ever.
        sent["params"] = {**(sent.get("params") or {}), "follow": "false"}
    body = sent.get("data")
    return httpx.Request(
        sent["method"],
        sent["url"],
        params=sent.get("params") or None,
        headers=dict(sent.get("headers") or {}),
        cookies=sent.get("cookies"),
        **({"json": sent["json"]} if "json" in sent else {"content": body}),
    )


@pytest.mark.parametrize("voice", MODES)
@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_an_operation_keeps_its_promises(
    sites: dict[bool, Site], method: str, path: str, voice: str
) -> None:
    here = sites[MODES[voice]]
    here.prepare()
    caller = here.voices[voice]

    @EXAMPLES
    @given(case=SCHEMA[path][method].as_strategy(), seed=st.integers(0, 2**32))
    def ask(case: schemathesis.Case[Any], seed: int) -> None:
        request = request_of(case, here, seed)
        request.headers.update(caller.headers)
        answer = here.send(request)
        case.validate_response(answer, checks=CHECKS)
        sent = f"{request.url} {request.content.decode(errors='replace')}"
        assert caller.betrayed(answer, sent) == []
        if voice == "no key where one is needed" and path != "/api/v1/session":
            assert answer.status_code == 401

    ask()


def test_every_canary_is_heard_by_its_owner(sites: dict[bool, Site]) -> None:
    """Else a search for it says nothing."""
    here = sites[False]
    here.prepare()
    asked = [
        ("POST", "/v3/memories/", {"filters": {"user_id": "bob"}}),
        ("GET", "/api/v1/activity?user_id=bob", None),
        ("GET", "/api/v1/keys?user_id=bob", None),
    ]
    heard = "".join(
        here.send(httpx.Request(method, f"{BASE}{path}", json=body)).text
        for method, path, body in asked
    )
    bobs = here.voices["a user's key"]
    assert len(bobs.betrayed(httpx.Response(200, text=heard), "")) == 7
