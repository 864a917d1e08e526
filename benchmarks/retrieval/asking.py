"""A store filled and asked over HTTP, as an agent runtime does both."""

import secrets
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

import anyio
import httpx

from benchmarks.retrieval.records import Conversation, DataSet, Question, Session, Turn
from benchmarks.retrieval.serving import Address

TOP_K: Final = 50
_AT_ONCE: Final = 16
"""Sessions that are stored at the same time; the turns of one come one after the other."""
_PATIENCE: Final = httpx.Timeout(300)


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked for with every question."""

    top_k: int = TOP_K
    threshold: float | None = None
    """None: the contract's own."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a search found, best first."""

    found: Sequence[str]
    """What its hits count as, each once."""
    top: float
    """The score of the first, 0 where nothing was found."""


class Asked:
    """A store under test. Users get names of their own, so that a used server can be asked too."""

    def __init__(self, http: httpx.AsyncClient, data: DataSet) -> None:
        self._http = http
        self._data = data
        self._run = secrets.token_hex(4)

    async def load(self) -> None:
        """Store every turn, with nothing done to it.

        Raises:
            httpx.HTTPStatusError: the server refuses one.
        """
        places = anyio.Semaphore(_AT_ONCE)
        async with anyio.create_task_group() as tasks:
            for conversation in self._data.conversations:
                for session in conversation.sessions:
                    tasks.start_soon(self._load_session, places, conversation, session)

    async def answers(self, wish: Wish) -> dict[str, Answer]:
        """The answer to each question, by its id.

        Raises:
            httpx.HTTPStatusError: the server refuses one.
        """
        counted = {
            conversation.user: {turn.id: turn.counts_as for turn, _ in conversation.turns()}
            for conversation in self._data.conversations
        }
        return {
            question.id: await self._answer(question, wish, counted[question.user])
            for question in self._data.questions
        }

    async def _load_session(
        self, places: anyio.Semaphore, conversation: Conversation, session: Session
    ) -> None:
        async with places:
            for turn, said_at in session.dated():
                body = add_body(self._name(conversation.user), session.id, turn)
                if said_at is not None:
                    body["timestamp"] = int(said_at.timestamp())
                await self._post("/v3/memories/add/", body)

    async def _answer(self, question: Question, wish: Wish, counted: Mapping[str, str]) -> Answer:
        body = search_body(self._name(question.user), question, wish)
        hits: list[dict[str, Any]] = (await self._post("/v3/memories/search/", body))["results"]
        units = [counted[hit["metadata"]["turn"]] for hit in hits]
        return Answer(list(dict.fromkeys(units)), hits[0]["score"] if hits else 0.0)

    async def _post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        answer = await self._http.post(path, json=body)
        answer.raise_for_status()
        return answer.json()

    def _name(self, user: str) -> str:
        return f"{user} {self._run}"


def add_body(user: str, run: str, turn: Turn) -> dict[str, Any]:
    """One turn as an agent runtime sends it."""
    message = {"role": turn.role, "content": turn.text}
    if turn.speaker:
        message["name"] = turn.speaker
    return {
        "messages": [message],
        "user_id": user,
        "run_id": run,
        "metadata": {"turn": turn.id},
        "infer": False,
    }


def search_body(user: str, question: Question, wish: Wish) -> dict[str, Any]:
    """A question as an agent runtime asks it."""
    body: dict[str, Any] = {"query": question.text, "filters": {"user_id": user}}
    body["top_k"] = wish.top_k
    if wish.threshold is not None:
        body["threshold"] = wish.threshold
    if question.asked_at is not None:
        body["reference_date"] = question.asked_at.isoformat()
    return body


@asynccontextmanager
async def asked(address: Address, data: DataSet) -> AsyncGenerator[Asked]:
    """A store at an address, to be loaded and asked while entered."""
    async with httpx.AsyncClient(
        base_url=address.url, headers=address.headers, timeout=_PATIENCE, trust_env=False
    ) as http:
        yield Asked(http, data)
