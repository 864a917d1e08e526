"""Makes conversations to train a ranker on: two people, dated sessions, questions with evidence.

Nothing in them comes from another data set; what they share with those is their form alone. They
are for fitting weights and for nothing else: they are too much alike to measure anything with.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import groupby
from pathlib import Path
from random import Random
from typing import Final, TypeVar

from benchmarks.retrieval.fillers import pick
from benchmarks.retrieval.records import Conversation, DataSet, Question, Session, Turn
from benchmarks.retrieval.threads import Thread, Told, read_exchanges, read_threads, tell

_T = TypeVar("_T")

_Asked = tuple[str, str, frozenset[str]]
"""Category, question, evidence."""

THREADS: Final = Path(__file__).with_name("threads")

_SESSIONS: Final = 10
_THREADS_A_SESSION: Final = 4
_QUESTIONS: Final = 40
_WRONG_SPEAKER: Final = 0.15
"""Share of questions that name the speaker who did not say it, as people do."""
_WRITTEN: Final = """
    Abena Aldo Anouk Bashir Birgit Cedric Chiara Dmitri Edda Emeka Farid Fenna Gideon Greer Hamza
    Ilse Ingrid Jasper Kaito Katya Lorcan Luana Mirela Ngozi Nikhil Oonagh Otis Petra Quentin Rhea
    Rosa Sverre Tamsin Tariq Ulla Viggo Wanda Xenia Yannick Zora
"""
_NAMES: Final = _WRITTEN.split()


@dataclass(slots=True)
class _Talk:
    """A conversation while it is made up."""

    user: str
    rng: Random
    sessions: list[Session] = field(default_factory=list[Session])
    told: list[tuple[Told, dict[str, str]]] = field(
        default_factory=list[tuple[Told, dict[str, str]]]
    )
    """Each thread and the turns that its labels became."""

    def add(self, begins: datetime, parts: Sequence[Told]) -> None:
        """One session of several threads, one after the other."""
        number = len(self.sessions) + 1
        turns: list[Turn] = []
        for told in parts:
            ids: dict[str, str] = {}
            for label, speaker, text in told.turns:
                turns.append(Turn(f"S{number}:{len(turns) + 1}", text, speaker))
                if label:
                    ids[label] = turns[-1].id
            self.told.append((told, ids))
        self.sessions.append(Session(f"S{number}", begins, turns))


def training_set(seed: int, conversations: int = 20) -> DataSet:
    """Conversations that depend on the seed alone, each with up to 40 questions."""
    files = sorted((THREADS / "topics").glob("*.txt"))
    topics = [thread for path in files for thread in read_threads(path)]
    greetings = read_exchanges(THREADS / "small-talk.txt")
    farewells = read_exchanges(THREADS / "closing.txt")
    made: list[Conversation] = []
    questions: list[Question] = []
    for number in range(conversations):
        rng = Random(f"{seed} {number}")
        talk = _Talk(f"talk-{seed}-{number}", rng)
        _fill(talk, topics, greetings, farewells)
        made.append(Conversation(talk.user, talk.sessions))
        questions += _questions(talk)
    return DataSet(made, questions)


def _fill(
    talk: _Talk,
    topics: Sequence[Thread],
    greetings: Sequence[Thread],
    farewells: Sequence[Thread],
) -> None:
    rng = talk.rng
    pair = _some(rng, _NAMES, 2)
    # More than there are topics: what comes up again is told by the other one, with other choices.
    first = _some(rng, topics, len(topics))
    order = [*first, *_some(rng, topics, len(topics))]
    at = datetime(2024, 1, 1, tzinfo=UTC) + timedelta(days=int(rng.random() * 300))
    teller = {topic.name: int(rng.random() * 2) for topic in topics}
    for number in range(_SESSIONS):
        start = number * _THREADS_A_SESSION
        parts = [tell(pick(rng, greetings), rng, _people(pair, int(rng.random() * 2)))]
        for topic in order[start : start + _THREADS_A_SESSION]:
            parts.append(tell(topic, rng, _people(pair, teller[topic.name])))
            teller[topic.name] = 1 - teller[topic.name]
        parts.append(tell(pick(rng, farewells), rng, _people(pair, int(rng.random() * 2))))
        at += timedelta(days=4 + int(rng.random() * 24))
        talk.add(at.replace(hour=8 + int(rng.random() * 14), minute=int(rng.random() * 60)), parts)


def _questions(talk: _Talk) -> list[Question]:
    together = list(_together(talk))
    chosen = [*together, *_some(talk.rng, list(_each(talk)), _QUESTIONS - len(together))]
    return [
        Question(
            f"{talk.user}:{number}",
            talk.user,
            text,
            evidence,
            {"category": category},
            apart=category == "adversarial",
        )
        for number, (category, text, evidence) in enumerate(chosen, 1)
    ]


def _each(talk: _Talk) -> Iterator[_Asked]:
    """What is asked of single threads, now and then of the wrong speaker."""
    times = Counter(told.thread.name for told, _ in talk.told)
    for told, ids in talk.told:
        for kind, labels, text in told.asked:
            one, other = told.people["A"], told.people["B"]
            # Where both told of it, the other one is no wrong speaker.
            only = times[told.thread.name] == 1 and one in text
            wrong = talk.rng.random() < _WRONG_SPEAKER and only
            swapped = text.replace(one, other)
            evidence = frozenset(ids[label] for label in labels)
            yield ("adversarial", swapped, evidence) if wrong else (kind, text, evidence)


def _together(talk: _Talk) -> Iterator[_Asked]:
    """What is asked of all threads of a kind that one of the two told."""

    def key(item: tuple[Told, dict[str, str]]) -> tuple[str, str]:
        tag = item[0].thread.tag
        return (tag[0] if tag else "", item[0].people["A"])

    for (name, speaker), group in groupby(sorted(talk.told, key=key), key):
        members = list(group)
        if name and len(members) > 1:
            told, _ = members[0]
            tags = [(each.thread.tag, ids) for each, ids in members]
            evidence = frozenset(ids[tag[1]] for tag, ids in tags if tag)
            text = told.thread.tag[2] if told.thread.tag else ""
            yield "multi-hop", text.replace("{A}", speaker), evidence


def _people(pair: Sequence[str], first: int) -> dict[str, str]:
    return {"A": pair[first], "B": pair[1 - first]}


def _some(rng: Random, among: Sequence[_T], count: int) -> list[_T]:
    """`count` of them, none twice, in an order of their own."""
    return sorted(among, key=lambda _: rng.random())[:count]
