"""`delete_all` at the platform: by id, after looking at each row, whatever happens meanwhile."""

from typing import Any

from starlette.responses import Response

from tests.mcp.hosted import Site, refused, remember, say
from tests.mcp.platform import Forward, answering, cut, once
from tests.mcp.recorder import Asked


def batches(site: Site) -> list[list[str]]:
    """The ids of each batch that was to be deleted."""
    found: list[list[str]] = []
    for asked in site.platform.sent("DELETE /v1/batch/"):
        body: Any = asked.body
        found.append([each["memory_id"] for each in body["memories"]])
    return found


async def test_many_pages_are_deleted_each_row_once_while_rows_come_in(site: Site) -> None:
    mine = {"user_id": "default_user", "app_id": "cursor"}
    for start in range(0, 230, 10):
        await site.seed(*[f"memory {start + number}" for number in range(10)], **mine)

    async def newcomer(asked: Asked, forward: Forward) -> Response:
        # Newest first: what comes in now pushes a row of this page onto the next.
        answer = await forward(asked)
        await site.seed("came in between", **mine)
        return answer

    site.platform.on("POST", "/v3/memories/?page=1&page_size=200", once(newcomer))
    async with site.client("cursor") as client:
        said = await say(client, "delete_all", confirm=True)

    assert said.startswith("deleted 231, left 0")
    assert await site.kept() == {}
    ids = [id for batch in batches(site) for id in batch]
    assert len(ids) == len(set(ids)) == 231
    assert max(map(len, batches(site))) == 100


async def test_a_row_that_went_meanwhile_does_not_keep_the_others(site: Site) -> None:
    async with site.client("cursor") as client:
        ids = await remember(client, "likes tea", "likes cake", "likes mate")

        async def another_was_faster(asked: Asked, forward: Forward) -> Response:
            await forward(Asked("DELETE", f"/v1/memories/{ids[1]}/", asked.headers, None))
            return await forward(asked)

        site.platform.on("DELETE", "/v1/batch/", another_was_faster)
        said = await say(client, "delete_all", confirm=True)

    assert said.startswith("deleted 2, left 0")
    assert await site.kept() == {}


async def test_rows_that_are_still_listed_after_they_went_are_not_deleted_again(
    site: Site,
) -> None:
    stale: list[Response] = []

    async def late(asked: Asked, forward: Forward) -> Response:
        stale.append(await forward(asked))
        return stale[0]

    async with site.client("cursor") as client:
        await remember(client, "likes tea")
        site.platform.on("POST", "/v3/memories/?", late)
        said = await say(client, "delete_all", confirm=True)

    assert said.startswith("deleted 1, left 0")
    assert len(batches(site)) == 1


async def test_hidden_rows_are_deleted_too(site: Site) -> None:
    await site.seed(
        "long over", user_id="default_user", app_id="cursor", expiration_date="2020-01-01"
    )
    async with site.client("cursor") as client:
        assert await say(client, "list_memories") == "No memories found."
        assert (await say(client, "delete_all", confirm=True)).startswith("deleted 1, left 0")


async def test_an_error_says_how_much_was_deleted_before_it(site: Site) -> None:
    async with site.client("cursor") as client:
        first, second = await remember(client, "likes tea", "likes cake")
        site.platform.on("DELETE", f"/v1/memories/{second}", answering(500, {"error": "Oops"}))

        said = await refused(client, "delete_memories", ids=[first, second])

    assert "Deleted for good before that: 1." in said
    assert list(await site.kept()) == ["likes cake"]


async def test_a_cut_while_deleting_all_is_not_followed_by_another_try(site: Site) -> None:
    site.platform.on("DELETE", "/v1/batch/", cut)
    async with site.client("cursor") as client:
        await remember(client, "likes tea")

        said = await refused(client, "delete_all", confirm=True)

    assert "may or may not have been made" in said
    assert len(site.platform.sent("DELETE")) == 1
