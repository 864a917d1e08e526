"""Ready-made access rows, by name."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from openmemory_api.domain.access import Access, Base, Effect, OfCategory, OfTag, Rule, Verb
from openmemory_api.domain.errors import Invalid

WORK_TAGS: Final = ("work",)
WORK_CATEGORIES: Final = ("work", "professional_details")
"""As the platform's own categories have it, and as people do."""


@dataclass(frozen=True, slots=True)
class Template:
    """A row somebody can choose instead of writing one."""

    name: str
    title: str
    description: str
    tags: tuple[str, ...] | None = None
    """The tags it takes where none are named; None if it is about no label."""
    categories: tuple[str, ...] | None = None
    make: Callable[[Sequence[str], Sequence[str]], Access] = lambda _tags, _categories: Access()

    def access(
        self, tags: Sequence[str] | None = None, categories: Sequence[str] | None = None
    ) -> Access:
        """The row it stands for. Where one kind of label is named, the other has no default.

        Raises:
            Invalid: labels are named, and it is about none.
        """
        if self.tags is None or self.categories is None:
            if tags is not None or categories is not None:
                raise Invalid(f"The template {self.name!r} takes neither tags nor categories")
            return self.make((), ())
        if tags is None and categories is None:
            return self.make(self.tags, self.categories)
        return self.make(tags or (), categories or ())


def _bases(read: Base, write: Base) -> Callable[[Sequence[str], Sequence[str]], Access]:
    return lambda _tags, _categories: Access(read, write)


def _apart(tags: Sequence[str], categories: Sequence[str]) -> Access:
    """Its own, and what is marked; not "all but the rest", which would show what nobody marked."""
    subjects = [*map(OfTag, tags), *map(OfCategory, categories)]
    rules = tuple(Rule(verb, Effect.ALLOW, subject) for subject in subjects for verb in Verb)
    return Access(Base.OWN, Base.OWN, rules)


TEMPLATES: Final = {
    template.name: template
    for template in (
        Template(
            "everything_shared",
            "Everything shared",
            "Reads and changes all memories. What an app has that nobody set anything for.",
            make=_bases(Base.EVERYTHING, Base.EVERYTHING),
        ),
        Template(
            "write_own_only",
            "Write own only",
            "Reads all memories and changes only those it wrote.",
            make=_bases(Base.EVERYTHING, Base.OWN),
        ),
        Template(
            "own_only",
            "Own only",
            "Reads and changes only what it wrote itself.",
            make=_bases(Base.OWN, Base.OWN),
        ),
        Template(
            "read_only",
            "Read only",
            "Reads all memories, adds none and changes none.",
            make=_bases(Base.EVERYTHING, Base.NOTHING),
        ),
        Template(
            "work_apart",
            "Work apart from personal",
            "Reads and changes what it wrote itself and what carries one of the named tags or"
            " categories. What nobody has labelled stays out of its sight.",
            tags=WORK_TAGS,
            categories=WORK_CATEGORIES,
            make=_apart,
        ),
    )
}


def template(name: str) -> Template:
    """The template of a name.

    Raises:
        Invalid: there is none.
    """
    if name not in TEMPLATES:
        raise Invalid(f"There is no template {name!r}; there are {', '.join(TEMPLATES)}")
    return TEMPLATES[name]
