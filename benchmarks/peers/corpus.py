"""Made-up memories and questions: short, distinct, the same for every peer and every run."""

import random
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Final

_NAMES: Final = (
    "Ada", "Amir", "Bea", "Carlos", "Dana", "Elif", "Femi", "Grace", "Hugo", "Ines", "Jonas",
    "Kenji", "Lena", "Marco", "Nadia", "Oskar", "Priya", "Quentin", "Rosa", "Sami", "Tara",
    "Umar", "Vera", "Wen", "Ximena", "Yusuf", "Zoe",
)  # fmt: skip
_RELATIONS: Final = (
    "my sister", "my manager", "a colleague", "our landlord", "my neighbour", "my dentist",
    "the team lead", "my flatmate", "a friend from school", "my cousin", "our accountant",
)  # fmt: skip
_FOODS: Final = (
    "oat porridge", "lentil soup", "green tea", "flat white", "rye bread", "mushroom risotto",
    "falafel", "miso soup", "goat cheese", "dark chocolate", "peanuts", "shellfish", "sourdough",
    "black coffee", "vegetable curry", "sparkling water", "plum cake", "pickled onions",
)  # fmt: skip
_TOOLS: Final = (
    "PostgreSQL", "Neovim", "pytest", "Terraform", "Kubernetes", "Figma", "Rust", "TypeScript",
    "SQLite", "Grafana", "Ansible", "Blender", "LaTeX", "Docker Compose", "ripgrep", "Ableton",
)  # fmt: skip
_ACTIVITIES: Final = (
    "running by the river", "bouldering", "choir practice", "gardening", "night photography",
    "learning the cello", "repairing bicycles", "reading history", "playing chess online",
    "swimming before work", "baking at weekends", "restoring an old radio", "hiking with the dog",
)  # fmt: skip
_TIMES: Final = (
    "on Monday mornings", "every second Thursday", "after lunch", "in early spring",
    "before the weekly review", "late in the evening", "during the holidays", "once a month",
    "at the end of each quarter", "on the first weekend of May", "since last autumn",
)  # fmt: skip
_REASONS: Final = (
    "because the old one kept failing", "to save an hour each week", "on the doctor's advice",
    "since the move", "as agreed with the whole team", "and would rather not change it again",
    "but only when there is enough time", "after comparing several others", "to keep costs down",
)  # fmt: skip
_SYLLABLES: Final = (
    "ba", "bel", "cor", "dan", "el", "fen", "gar", "hol", "is", "jun", "kel", "lor", "mar",
    "nim", "or", "pel", "quin", "ras", "sol", "tam", "ul", "ven", "wes", "yor", "zan",
)  # fmt: skip


def memories(count: int, *, seed: int = 1) -> list[str]:
    """Distinct notes of about 10 to 25 words, as an assistant would keep of a person."""
    return list(islice(_distinct(random.Random(seed), _memory), count))


def questions(count: int, *, seed: int = 2) -> list[str]:
    """Distinct questions in the same words, so that no answer can come from a cache of queries."""
    return list(islice(_distinct(random.Random(seed), _question), count))


def _distinct(rng: random.Random, make: Callable[[random.Random], str]) -> Iterator[str]:
    seen: set[str] = set()
    while True:
        text = make(rng)
        if text not in seen:
            seen.add(text)
            yield text


def _memory(rng: random.Random) -> str:
    name, place, project = rng.choice(_NAMES), _word(rng), _word(rng)
    facts = (
        f"Prefers {rng.choice(_FOODS)} to {rng.choice(_FOODS)} {rng.choice(_TIMES)}",
        f"{name}, {rng.choice(_RELATIONS)}, moved to {place} and works on {project} now",
        f"The {project} project uses {rng.choice(_TOOLS)} together with {rng.choice(_TOOLS)}",
        f"Goes {rng.choice(_ACTIVITIES)} with {name} {rng.choice(_TIMES)} in {place}",
        f"Is allergic to {rng.choice(_FOODS)}; {name} from {place} knows about it",
        f"Pays {rng.randint(5, 900)} euros for {project} {rng.choice(_TIMES)}",
        f"The meeting with {name} about {project} takes place {rng.choice(_TIMES)}",
        f"Keeps the keys of the {place} office with {name}, {rng.choice(_RELATIONS)}",
    )
    return f"{rng.choice(facts)} {rng.choice(_REASONS)}."


def _question(rng: random.Random) -> str:
    name, thing = rng.choice(_NAMES), _word(rng)
    asked = (
        f"What does {name} have to do with {thing} {rng.choice(_TIMES)}?",
        f"Which tool was chosen for {thing}, {rng.choice(_TOOLS)} or {rng.choice(_TOOLS)}?",
        f"Does {name} like {rng.choice(_FOODS)} or {rng.choice(_ACTIVITIES)} in {thing}?",
        f"How much is paid for {thing} {rng.choice(_TIMES)}, and does {name} know?",
    )
    return rng.choice(asked)


def _word(rng: random.Random) -> str:
    """The name of a place or a project: a long tail of rare words, as real notes have."""
    return "".join(rng.choices(_SYLLABLES, k=rng.randint(2, 3))).capitalize()
