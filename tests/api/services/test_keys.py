"""Keys beneath HTTP: the pepper, what is remembered, and who proves which app."""

from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from openmemory_api.container import DEFAULT_PROJECT, Container
from openmemory_api.domain.access import Caller, KeyScope
from openmemory_api.domain.errors import Invalid, Unavailable
from openmemory_api.domain.keys import ADMINISTRATOR, IssuedKey, KeyWish, Status
from openmemory_api.services.keys import KeyService
from openmemory_api.services.pepper import Pepper
from openmemory_api.settings import Settings
from tests.fakes import FrozenClock, HashEmbedder
from tests.postgres.fixtures import BOTH

DATABASES = BOTH
OWNER = Caller(DEFAULT_PROJECT, None, None)
ADMIN = frozenset({KeyScope.ADMIN})


async def counts(store: Container, issued: IssuedKey) -> bool:
    return await store.keys.verify(issued.credential) is not None


def beside(store: Container, clock: FrozenClock, **changes: object) -> Container:
    """Another server of the same data."""
    settings = store.settings.model_copy(update=changes)
    return Container(settings, embedder=HashEmbedder(), clock=clock)


# -- the pepper


async def test_keys_of_one_pepper_are_nothing_under_another(
    store: Container, clock: FrozenClock
) -> None:
    issued = await store.keys.create(OWNER, KeyWish(scopes=ADMIN))
    for secret, known in ((store.settings.secret, True), (SecretStr("another one" * 2), False)):
        async with beside(store, clock, secret=secret).at_rest() as other:
            assert await counts(other, issued) is known


async def test_without_a_pepper_no_key_counts_and_none_administers(
    store: Container, clock: FrozenClock
) -> None:
    issued = await store.keys.create(OWNER, KeyWish(scopes=ADMIN))
    assert await store.keys.can_administer()
    async with beside(store, clock, secret=None).at_rest() as other:
        (other.settings.data_dir / "secret").unlink(missing_ok=True)
        assert not await counts(other, issued)
        assert not await other.keys.can_administer()


async def test_servers_that_share_a_database_make_no_key_without_a_common_secret(
    store: Container, clock: FrozenClock
) -> None:
    async with beside(store, clock, secret=None).at_rest() as other:
        if other.database.shared:
            with pytest.raises(Invalid, match="OPENMEMORY_SECRET"):
                await other.keys.create(OWNER, KeyWish())
            with pytest.raises(Invalid, match="OPENMEMORY_SECRET"):
                await other.sessions.open(DEFAULT_PROJECT, ADMINISTRATOR, "k")
        else:
            assert await counts(other, await other.keys.create(OWNER, KeyWish()))


def test_a_pepper_is_made_once_and_is_its_owner_s_alone(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    pepper = Pepper(file)
    nothing = pepper.digest("key", "a")
    assert not pepper.known
    pepper.ensure()
    made = file.read_bytes()
    pepper.ensure()
    assert file.read_bytes() == made
    assert len(made) >= 32
    assert file.stat().st_mode & 0o077 == 0
    assert pepper.digest("key", "a") == Pepper(file).digest("key", "a") != nothing
    assert [path.name for path in tmp_path.iterdir()] == ["secret"]


def test_digests_differ_by_all_that_goes_into_them() -> None:
    pepper = Pepper(None, "of all the servers")
    given = [("key", "a", "b"), ("session", "a", "b"), ("key", "ab"), ("key", "a", "c")]
    assert len({pepper.digest(*parts) for parts in given}) == len(given)
    assert Pepper(None, "of other servers").digest("key", "a") != pepper.digest("key", "a")


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="cannot be kept"):
        Pepper(tmp_path / "missing" / "secret").ensure()


def test_a_secret_that_is_too_short_is_refused_unseen() -> None:
    with pytest.raises(ValueError, match="at least 16") as refused:
        Settings.model_validate({"secret": "hunter2"})
    assert "hunter2" not in str(refused.value)


# -- what is remembered


async def test_a_key_that_another_server_ends_counts_no_more_where_a_database_is_shared(
    store: Container, clock: FrozenClock
) -> None:
    revoked, rotated = [await store.keys.create(OWNER, KeyWish()) for _ in range(2)]
    assert await counts(store, revoked)
    assert await counts(store, rotated)
    if not store.database.shared:
        return
    async with beside(store, clock).at_rest() as other:
        await other.keys.revoke(OWNER, revoked.key.id)
        await other.keys.rotate(OWNER, rotated.key.id, timedelta())
    assert not await counts(store, revoked)
    assert not await counts(store, rotated)


async def test_more_keys_than_are_remembered_count(
    store: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("openmemory_api.services.keys._KNOWN", 2)
    issued = [await store.keys.create(OWNER, KeyWish()) for _ in range(5)]
    for _ in range(2):
        assert all([await counts(store, each) for each in issued])


async def test_a_listener_is_told_what_ends_and_when(store: Container) -> None:
    told: list[tuple[str, timedelta]] = []

    async def listener(key_id: str, left: timedelta) -> None:
        told.append((key_id, left))

    store.keys.on_end(listener)
    rotated, revoked = [await store.keys.create(OWNER, KeyWish()) for _ in range(2)]
    await store.keys.rotate(OWNER, rotated.key.id, timedelta(hours=2))
    await store.keys.revoke(OWNER, revoked.key.id)
    assert told == [(rotated.key.id, timedelta(hours=2)), (revoked.key.id, timedelta())]


async def test_how_long_a_key_still_counts(store: Container, clock: FrozenClock) -> None:
    for_good = await store.keys.create(OWNER, KeyWish())
    for_a_day = await store.keys.create(OWNER, KeyWish(lifetime=timedelta(days=1)))
    assert await store.keys.left(for_good.key.id) is None
    left = await store.keys.left(for_a_day.key.id)
    assert left is not None
    assert timedelta(hours=23) < left < timedelta(days=1)
    clock.advance(timedelta(days=1))
    assert await store.keys.left(for_a_day.key.id) == timedelta()
    assert await store.keys.left("0" * 16) == timedelta()


async def test_a_key_has_expired_in_the_moment_it_expires(store: Container) -> None:
    key = (await store.keys.create(OWNER, KeyWish(lifetime=timedelta(days=1)))).key
    assert key.expires_at is not None
    assert key.status(key.expires_at - timedelta(microseconds=1)) is Status.ACTIVE
    assert key.status(key.expires_at) is Status.EXPIRED


# -- whose apps are proven


async def test_apps_are_proven_where_only_their_own_keys_reach_memories(
    store: Container, clock: FrozenClock
) -> None:
    async def said(**changes: object) -> str:
        other = beside(store, clock, **changes)
        async with other.at_rest():
            return (await other.health())["auth"]["app_identity"]

    await store.keys.create(OWNER, KeyWish(scopes=ADMIN))
    await store.keys.create(OWNER, KeyWish(app="cursor"))
    assert await said(auth="required") == "proven"
    assert await said(auth="auto") == "claimed"
    assert await said(auth="required", api_key=SecretStr("k")) == "claimed"
    user_s = await store.keys.create(OWNER, KeyWish(user_id="anna"))
    assert await said(auth="required") == "claimed"
    await store.keys.revoke(OWNER, user_s.key.id)
    assert await said(auth="required") == "proven"


async def test_while_the_database_does_not_answer_nothing_is_called_proven(
    store: Container, clock: FrozenClock
) -> None:
    away = SecretStr("postgresql://127.0.0.1:1/nothing")
    other = beside(store, clock, auth="required", database_url=away)
    assert (await other.health())["auth"]["app_identity"] == "claimed"


async def test_a_service_of_its_own_makes_the_same_keys(
    store: Container, clock: FrozenClock
) -> None:
    """Whatever opens the database under the same pepper, as the command line does."""
    issued = await store.keys.create(OWNER, KeyWish())
    other = KeyService(store.database, clock, store.pepper, "anna")
    assert await other.verify(issued.credential) == await store.keys.verify(issued.credential)
