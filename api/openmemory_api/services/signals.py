"""What speaks for a memory beside its words and its meaning, from the candidates of one search.

Each signal is a function from the candidates to one number each, so that no row the caller may not
read can move one: what is not a candidate is not looked at.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import numpy as np

from openmemory_api.domain.memory import Utterance
from openmemory_api.services.evidence import Values

REACH: Final = 2
"""How many messages away a neighbour still speaks for a message."""
BEST_OF_RUN: Final = 3
"""So many of a conversation's candidates say what it is about."""
FULL_LENGTH: Final = 30
"""Words from which on a text is as good as it gets by its length."""

_ASKS_WHEN: Final = re.compile(
    r"\b(when|what (date|day|month|year|time)|how long|since|wann|wie lange|seit wann|cuándo|quand|"
    r"quando|wanneer|kiedy|когда|متى)\b|何時|什么时候|什麼時候|いつ|언제|कब",
    re.IGNORECASE,
)
_NAMES_OF_TIMES: Final = """
    yesterday today tonight tomorrow last next ago week weeks weekend month months year years
    morning recently monday tuesday wednesday thursday friday saturday sunday january february
    march april may june july august september october november december
"""
_TIME_WORDS: Final = frozenset((*_NAMES_OF_TIMES.split(), *map(str, range(1900, 2100))))
_TIME_SIGNS: Final = frozenset("年月日時时昨")
_QUESTION_MARKS: Final = ("?", "？", "؟", "՞")
_NO_MARKS: Final = str.maketrans(dict.fromkeys(".,;:!?\"'()[]", " "))


def beside(evidence: Values, said: Sequence[Utterance], direction: int) -> Values:
    """What the messages just before (-1) or after (+1) a message say of it, 0 and up.

    The best of those at most `REACH` away in the same run, a nearer one counting for more: so many
    numbers, or so many seconds, because the numbers of conversations that are stored at the same
    time are mixed.
    """
    places = _places(said)
    found = np.zeros(len(said))
    for i, each in enumerate(said):
        for kind, position in _positions(each):
            for distance in range(1, REACH + 1):
                neighbour = places.get((each.run, kind, position + direction * distance))
                if neighbour is not None:
                    found[i] = max(found[i], evidence[neighbour] / distance)
    return found


def _places(said: Sequence[Utterance]) -> dict[tuple[object, str, int], int | None]:
    """By run and position, who is there; None where several are."""
    places: dict[tuple[object, str, int], int | None] = {}
    for i, each in enumerate(said):
        for kind, position in _positions(each):
            key = each.run, kind, position
            places[key] = None if key in places else i
    return places


def _positions(each: Utterance) -> Iterator[tuple[str, int]]:
    if each.run and each.number is not None:
        yield "number", each.number
    if each.run and each.event_time is not None:
        yield "second", int(each.event_time.timestamp())


def of_run(evidence: Values, said: Sequence[Utterance]) -> Values:
    """What the best of a conversation say of every message in it: their mean.

    A memory of no conversation is one by itself.
    """
    runs: defaultdict[tuple[str | None, ...], list[int]] = defaultdict(list)
    for i, each in enumerate(said):
        if each.run:
            runs[each.run].append(i)
    found = evidence / BEST_OF_RUN
    for members in runs.values():
        best = np.sort(evidence[members])[::-1][:BEST_OF_RUN]
        found[members] = best.sum() / BEST_OF_RUN
    return found


def by_named_actor(query: str, said: Sequence[Utterance]) -> Values:
    """1 for what the one person said whom the query names; 0 when it names several or nobody."""
    folded = query.casefold()
    actors = {each.actor for each in said if each.actor}
    named = {actor for actor in actors if _names(folded, actor.casefold())}
    return _ones(len(named) == 1 and each.actor in named for each in said)


def lengths(said: Sequence[Utterance]) -> Values:
    """How much a text can tell, 0..1: a greeting answers nothing."""
    words = np.array([len(each.text.split()) for each in said], float)
    return np.minimum(words, FULL_LENGTH) / FULL_LENGTH


def questions(said: Sequence[Utterance]) -> Values:
    """1 for a text that asks: it seldom answers."""
    return _ones(each.text.rstrip().endswith(_QUESTION_MARKS) for each in said)


def saying_when(query: str, said: Sequence[Utterance]) -> Values:
    """1 for a text that names a time, if the query asks for one."""
    if not _ASKS_WHEN.search(query):
        return np.zeros(len(said))
    return _ones(_says_when(each.text) for each in said)


def _says_when(text: str) -> bool:
    # Sets, because an expression of so many words takes half a second for ten thousand texts.
    words = text.casefold().translate(_NO_MARKS).split()
    return not _TIME_WORDS.isdisjoint(words) or not _TIME_SIGNS.isdisjoint(text)


def _names(query: str, actor: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(actor)}(?!\w)", query) is not None


def _ones(flags: Iterable[bool]) -> Values:
    return np.fromiter(flags, float)
