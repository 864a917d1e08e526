"""What a search tells of how it came about, and what it does within a budget."""

import pytest

from openmemory_api.domain.text import estimated_tokens
from tests.api.routes.mem0.conftest import Api

SEARCH = "/v3/memories/search/"
TEXTS = ("tea " * 40, "green tea is hers", "tea?", "she drinks tea in the evening")


async def said(api: Api, *texts: str) -> None:
    for text in texts:
        await api.add(text)


async def test_the_signals_of_a_result_add_up_to_its_place(api: Api) -> None:
    await said(api, *TEXTS)

    found = await api.ok("POST", SEARCH, {"query": "green tea", "threshold": 0, "explain": True})

    sums = [sum(signal["contribution"] for signal in hit["signals"]) for hit in found["results"]]
    assert len(sums) == len(TEXTS)
    assert sums == sorted(sums, reverse=True)
    for hit, total in zip(found["results"], sums, strict=True):
        assert sum(hit["score_breakdown"].values()) == pytest.approx(total, abs=1e-5)
        for signal in hit["signals"]:
            product = signal["raw"] * signal["weight"]
            assert signal["contribution"] == pytest.approx(product, abs=1e-6)


@pytest.mark.parametrize("path", ["/v1/memories/search/", "/v2/memories/search/", SEARCH])
async def test_signals_are_told_to_whom_asks(api: Api, path: str) -> None:
    await said(api, "green tea")
    body = {"query": "tea", "filters": {"user_id": "alice"}, "user_id": "alice"}

    plain = await api.ok("POST", path, body)
    told = await api.ok("POST", path, {**body, "explain": True, "fields": ["memory"]})

    plain, told = (each["results"] if path == SEARCH else each for each in (plain, told))
    assert "signals" not in plain[0]
    assert {signal["signal"] for signal in told[0]["signals"]} >= {"semantic", "bm25"}
    assert set(told[0]) == {"id", "memory", "signals"}


async def test_the_best_that_fit_are_answered_and_the_rest_is_counted(api: Api) -> None:
    await said(api, *TEXTS)
    body = {"query": "tea", "threshold": 0}
    everything = [hit["memory"] for hit in (await api.ok("POST", SEARCH, body))["results"]]
    sizes = {text: estimated_tokens(text) for text in everything}
    room = sum(sizes.values()) - max(sizes.values())

    found = await api.ok("POST", SEARCH, {**body, "max_tokens": room})

    kept = [hit["memory"] for hit in found["results"]]
    longest = max(sizes, key=lambda text: sizes[text])
    assert kept == [text for text in everything if text != longest]
    assert found["left_out"] == 1


async def test_what_does_not_fit_at_all_is_left_out_and_said_so(api: Api) -> None:
    await said(api, TEXTS[0])

    found = await api.ok("POST", SEARCH, {"query": "tea", "threshold": 0, "max_tokens": 1})

    assert (found["results"], found["left_out"]) == ([], 1)
    unbounded = await api.ok("POST", SEARCH, {"query": "tea", "threshold": 0})
    assert "left_out" not in unbounded


@pytest.mark.parametrize("options", [{"max_tokens": 0}, {"max_tokens": "x"}, {"explain": "x"}])
async def test_senseless_options_are_refused(api: Api, options: dict[str, object]) -> None:
    await api.refused(400, "POST", SEARCH, {"query": "tea", **options})
