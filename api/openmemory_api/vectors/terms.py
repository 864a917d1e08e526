"""Text to weighted terms, for the lexical leg of search. Knows nothing of any corpus."""

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any, NamedTuple, Protocol, cast

import regex
from snowballstemmer.arabic_stemmer import (  # pyright: ignore[reportMissingTypeStubs]
    ArabicStemmer,
)
from snowballstemmer.english_stemmer import (  # pyright: ignore[reportMissingTypeStubs]
    EnglishStemmer,
)
from snowballstemmer.greek_stemmer import (  # pyright: ignore[reportMissingTypeStubs]
    GreekStemmer,
)
from snowballstemmer.hindi_stemmer import (  # pyright: ignore[reportMissingTypeStubs]
    HindiStemmer,
)
from snowballstemmer.russian_stemmer import (  # pyright: ignore[reportMissingTypeStubs]
    RussianStemmer,
)

from openmemory_api.domain.memory import Memory
from openmemory_api.domain.text import spoken

_UNSEGMENTED = r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}ー]"
"""Scripts that write without spaces, or (Hangul) glue particles to words: cut into pairs."""
_TOKEN = regex.compile(
    rf"(?P<run>{_UNSEGMENTED}(?:{_UNSEGMENTED}|\p{{M}})*)"
    rf"|(?:(?!{_UNSEGMENTED})[\p{{L}}\p{{N}}\p{{M}}])+(?:'\p{{L}}+)*"
)
_ASCII_WORD = re.compile(r"[a-z0-9]+(?:'[a-z]+)*")
_OPTIONAL_MARKS = regex.compile(
    r"(?<=[\p{Latin}\p{Greek}\p{Arabic}\p{Hebrew}])\p{Mn}+|(?<=\p{Cyrillic})[\u0301\u0308]+"
)
"""Marks that writers of these scripts leave out. Indic vowel signs are marks too, and stay, and so
does the breve of the Russian short i, which is a letter."""
_COMPOUND = regex.compile(
    r"(?<![\p{L}\p{N}\p{M}])[\p{L}\p{N}\p{M}]++(?:[._/\\:@#+-]++[\p{L}\p{N}\p{M}]++)+"
)
_ASCII_COMPOUND = re.compile(r"(?<![a-z0-9])[a-z0-9]++(?:[._/\\:@#+-]++[a-z0-9]++)+")
"""Versions, paths, addresses and names in code: `v1.2.3`, `etc/hosts`, `snake_case`."""
_CAMEL = re.compile(r"(?<![A-Za-z0-9])[A-Za-z][a-z0-9]+(?:[A-Z][a-z0-9]*)+")
_HUMP = re.compile(r"[A-Z]?[a-z]+|[A-Z]+|[0-9]+")

_FUNCTION_WORDS = """
    a about after again all also am an and any are aren't as at be because been before being but by
    can can't could couldn't did didn't do does doesn't doing don't during each for from further had
    hadn't has hasn't have haven't having he he'd he'll her here hers herself him himself his how i
    i'd i'll i'm i've if in into is isn't it its itself just let let's me more most my myself no nor
    not of off on once only or other our ours ourselves out over own she she'd she'll should
    shouldn't so some such than that the their theirs them themselves then there these they they'd
    they'll they're they've this those through to too under until up us very was wasn't we we'd
    we'll we're we've were weren't what when where which while who whom whose why will with won't
    would wouldn't you you'd you'll you're you've your yours yourself yourselves
"""
_LIGHT_WORDS = """
    aber als am auch auf aus bei bis das dass dein dem denn der des dich dir doch du durch
    ein eine einem einen einer euch gegen habe haben hatte ich ihm ihn ihr ihre ist kann
    kein keine mein meine mich mir nach nicht noch nur ob oder sich sie sind uber und uns unser
    vom von vor warum wann weil welche welchen welcher welches wem wen wenn wer werden wie wieder
    wird wir wo womit wurde zu zum zur zwischen
    al algo aquel como con cual cuales cuando cuanto cuantos de del desde donde el ella ellos entre
     esa ese eso esta este esto estos ha hay la le les lo mas mi mis muy nos nuestro o para
    pero por porque que quien quienes se si sobre su sus tambien te tiene tu una uno unos y ya
    au aux avec ce ces cette dans dont du elle elles est et eux ils je leur leurs mais moi ne
    notre nous ou par pas quand quel quelle quelles quels qui sa sont ses ta toi tous tres une vos
    votre vous
    che chi cosa cui della delle dello di gli il perche piu quale quali quando quanto sono suo sua
    ao aos da das dos e ela ele em foi isso mas meu minha nao nas no nos onde pela pelo qual quem sao
    sem seu sua um uma voce
    een het hij ik je met naar niet ook op te voor wat zijn
    а без более бы был была были было быть в вам вас во вот все всё вы где да для до его ее её если
    есть еще ещё же за и из или им их к как какая какие какой каком какую когда кого кому который ли
    мне мой моя мы на над не него нее неё ней нет ни них но ну о об он она они оно от по под при про с
    сейчас сколько со та так там те тем то того тоже только том ты у уже чего чем что чтобы это этой
    этом этот я
    في من على إلى عن مع هذا هذه ذلك تلك التي الذي ما ماذا متى أين كيف هل لماذا كم من أي أنا أنت هو هي نحن
    هم كان كانت يكون لا لم لن قد ثم أو و بعد قبل عند كل بين حين إن أن له لها لي
    का की के को ने में से पर और है हैं था थी थे हो यह वह ये वे जो कि क्या कौन कब कहाँ कहां कैसे किस किसने किसका
    कितना कितने कितनी क्यों तो भी ही नहीं एक मैं मेरा मेरी मेरे हम तुम आप अपना अपनी अपने उस उसका उसकी उसके इस लिए साथ
    तक या रहा रही रहे गया गई गए
"""
"""Function words of German, Spanish, French, Italian, Portuguese, Dutch, Russian, Arabic and Hindi.
They weigh little but are not left out: a text does not say its language, and some are words of
content in another one."""
LIGHT = 0.2
"""What such a word weighs in a query, of 1 for the rarest."""

_FUNCTION_SIGNS = frozenset(
    "的了吗嗎呢吧是在我你您他她它们們这這那什么麼哪谁誰怎几幾和与與也都就还還有不要会會可以对對从從到被把给給个個"
)
"""Chinese characters that are words of grammar."""
_KANA = regex.compile(r"\p{Hiragana}")

_FIRST_WORD_ID = 1996
"""Where whole words begin in the vocabulary, the most frequent first; marks stand before."""


SATURATION = 0.3
"""BM25's k1. Small: in short memories a second occurrence of a word says next to nothing."""
LENGTH_PENALTY = 0.2
"""BM25's b."""
TYPICAL_LENGTH = 16
"""Meaning-carrying words of a usual memory: a constant, where BM25 takes the corpus's mean."""
DECIMALS = 6
"""Scores are rounded to what float32 vectors can tell apart."""

_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip


def searchable_text(memory: Memory) -> str:
    """The text with who said it and when it happened, because questions name both."""
    day = memory.event_time
    dated = f"({day.day} {_MONTHS[day.month - 1]} {day.year}) " if day else ""
    return dated + spoken(memory.text, memory.actor)


def document_terms(text: str) -> dict[str, float]:
    """Each term of a text and how strongly it is there, 0..1: BM25 without the rarity.

    The lexical score of a text is the sum, over terms, of this times `query_terms`. Both depend on
    their own text alone, so the score does too, and any sparse index can compute it.
    """
    counts: Counter[str] = Counter()
    length = 0
    # Stop words are kept, though not counted: a query may consist of nothing else.
    for token in _tokens(text):
        if token.pair:
            counts.update(token.text)
        counts[_term(token)] += 1
        length += token.text not in STOP_WORDS
    # Beside their parts, and without making the text any longer for it.
    counts.update(_identifiers(text))
    # The root spares long texts: a page that answers must not lose to a line that does not.
    relative_length = math.sqrt(length / TYPICAL_LENGTH)
    half = SATURATION * (1 - LENGTH_PENALTY + LENGTH_PENALTY * relative_length)
    return {term: count / (count + half) for term, count in counts.items()}


def inverse_document_frequency(holders: int, total: int) -> float:
    """BM25's IDF: how much it tells that a text holds a term which `holders` of `total` hold."""
    return math.log1p((total - holders + 0.5) / (holders + 0.5))


def query_terms(text: str) -> dict[str, float]:
    """Each distinct term of a query and its share of what the query asks for; the sum is 1."""
    tokens = list(_tokens(text))
    telling = [token for token in tokens if token.text not in STOP_WORDS]
    weights = {_term(token): _rarity(token) for token in telling or tokens}
    weights |= dict.fromkeys(_identifiers(text), 1.0)
    total = sum(weights.values())
    return {term: weight / total for term, weight in weights.items()}


def telling_terms(text: str) -> dict[str, float]:
    """By how much each term of a query counts for BM25, 0..1: little if it is a word of grammar.

    Where a language is seldom, its words of grammar are as rare as names.
    """
    tells = {_term(token): _telling(token) for token in _tokens(text)}
    return {term: tells.get(term, 1.0) for term in query_terms(text)}


def matched_words(query: str, text: str) -> list[str]:
    """The words of a text, as they stand there, by which a query finds it; each once."""
    asked = query_terms(query)
    found: dict[str, None] = {}
    for match in _TOKEN.finditer(text.replace("’", "'")):
        held = [token for token in _tokens(match.group()) if _term(token) in asked]
        if match.group("run") is None:
            # As it is written there, so that it can be marked.
            found |= {text[slice(*match.span())]: None} if held else {}
        else:
            found |= {token.text: None for token in held}
    return list(found)


class _Stemmer(Protocol):
    def stemWord(self, word: str) -> str:  # noqa: N802
        ...


class _Token(NamedTuple):
    text: str
    pair: bool
    """Two characters of an unsegmented run: a document is also found by each one alone."""


def _tokens(text: str) -> Iterator[_Token]:
    normalised = _normalised(text)
    if normalised.isascii():
        # The same tokens at a third of the cost, which is most of a start's.
        for word in _ASCII_WORD.findall(normalised):
            yield _Token(word.removesuffix("'s"), False)
        return
    for match in _TOKEN.finditer(normalised):
        run = match.group("run")
        if run is None:
            yield _Token(match.group().removesuffix("'s"), pair=False)
        elif len(run) == 1:
            yield _Token(run, pair=False)
        else:
            for start in range(len(run) - 1):
                yield _Token(run[start : start + 2], pair=True)


def _identifiers(text: str) -> Iterator[str]:
    """What programs call things, whole, and the parts of what is run together in camel case."""
    normalised = _normalised(text)
    compound = _ASCII_COMPOUND if normalised.isascii() else _COMPOUND
    yield from compound.findall(normalised)
    for name in _CAMEL.findall(text):
        yield from (_stem(part.lower()) for part in _HUMP.findall(name))


def _normalised(text: str) -> str:
    folded = text.replace("’", "'").casefold()
    if folded.isascii():
        return folded
    decomposed = unicodedata.normalize("NFKD", folded)
    # Compatibility forms can decompose to capitals, so case is folded once more.
    return unicodedata.normalize("NFKC", _OPTIONAL_MARKS.sub("", decomposed)).casefold()


def _term(token: _Token) -> str:
    return token.text if token.pair else _stem(token.text)


STOP_WORDS = frozenset(map(_normalised, _FUNCTION_WORDS.split()))
_LIGHT = frozenset(map(_normalised, _LIGHT_WORDS.split())) - STOP_WORDS

_STEMMERS: Sequence[tuple[regex.Pattern[str], type[Any]]] = (
    (regex.compile(r"[a-z']+"), EnglishStemmer),
    (regex.compile(r"\p{Cyrillic}+"), RussianStemmer),
    (regex.compile(r"[\p{Arabic}]+"), ArabicStemmer),
    (regex.compile(r"[\p{Devanagari}]+"), HindiStemmer),
    (regex.compile(r"\p{Greek}+"), GreekStemmer),
)
"""By script, which a word shows and a language it does not. Where a script serves several, a stem
of the wrong one is still the same for the same word."""


@lru_cache(maxsize=50_000)
def _stem(word: str) -> str:
    if word in STOP_WORDS:
        return word
    for script, stemmer in _STEMMERS:
        if script.fullmatch(word):
            # It keeps the word it works on in itself: one per call, for threads share nothing then.
            return cast("_Stemmer", stemmer()).stemWord(word) or word
    return word


def _rarity(token: _Token) -> float:
    """How rare the word is in general English, 0..1: by Zipf's law the logarithm of its rank."""
    if token.pair:
        return _rarity_of_pair(token.text)
    if token.text in _LIGHT:
        return LIGHT
    ranks = _word_ranks()
    rarest = len(ranks)
    rank = min(ranks.get(token.text, rarest), ranks.get(_stem(token.text), rarest))
    return math.log(rank) / math.log(rarest)


def _telling(token: _Token) -> float:
    if token.pair:
        return _rarity_of_pair(token.text)
    return LIGHT if token.text in _LIGHT else 1.0


def _rarity_of_pair(pair: str) -> float:
    """Less for what only holds a sentence together: kana, and characters that are grammar."""
    grammar = sum(char in _FUNCTION_SIGNS or bool(_KANA.match(char)) for char in pair)
    return (1.0, 0.5, 0.15)[grammar]


@cache
def _word_ranks() -> dict[str, int]:
    vocabulary = files("openmemory_api.embeddings").joinpath("vocab.txt").read_text("utf-8")
    words = vocabulary.splitlines()[_FIRST_WORD_ID:]
    # From 2, so that even "the" weighs something in a query of nothing else.
    return {word: rank for rank, word in enumerate(words, start=2) if not word.startswith("##")}
