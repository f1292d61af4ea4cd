"""Which of the people and things we know are named in a message, however they are spelt. Never invents: what is not in the list is not found."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from nlu.face import Entity, Name
from nlu.wordlists import fold

_WORD = re.compile(r"[^\W\d_]+(?:['’\-][^\W\d_]+)*|\d+[A-Za-z]?|[^\W_]+")
_TITLES = frozenset("mr mrs ms miss mis misses sir dr teacher mister madam mme sra señora pani mwalimu ustaad macallin".split())
# First names that are words: taken for names only where they are written with a capital, or stand where a verb cannot.
_ALSO_WORDS = frozenset(
    (
        "will hope may grace joy mark rose sunny summer autumn april june august dawn faith charity patience precious blessing sky max jack "
        "art bill pat drew rob sue dean grant lily ivy jade amber ruby pearl sandy rich frank earnest page miles chase hunter mason carter "
        "harmony destiny angel star king prince noor nur iman mercy favour happy lucky bright junior junior star so an do he see can"
    ).split()
)
# Words of every day that are a letter from somebody's name: 'tummy' is not Tommy.
_COMMON = frozenset(
    (
        "tummy mummy daddy money sorry today later early maybe after class teacher school please thanks thank hello happy sunny funny party story "
        "carer maths music games lunch drink water paper phone email photo fever cough nurse doctor clinic letter meeting other mother father sister "
        "brother friend family could would should there where their about again every never being going doing home time week month night good been "
        "have make take than them then they this that with when what will were your ours some same said sent send soon tell text late sick poor"
    ).split()
)
_NEVER_BEFORE_A_VERB = frozenset({"for", "about", "with", "my", "son", "daughter", "child", "boy", "girl", "brother", "sister", "called", "named", "of"})
_SHORT, _LONG = 92.0, 86.0  # similarity needed: for up to seven letters, and above (nlu-findings, section 6)
_SHORT_LETTERS = 7
_WITH_TITLE = 74.0  # after 'miss' a name is certain to follow, so a wilder spelling will do: 'miss oakafor'
_ABBREVIATION = 3  # letters at least: 'mrs oak'
_WINDOW = 3  # words
_NEAREST, _OTHERS = 0.6, 0.4  # confidence where the words fit several names
_EACH_WORD = 8.0  # what a further word of a name is worth: 'amina yussuf' is Amina Yusuf misspelt before it is just any Amina
_POSSESSIVE = re.compile(r"['’]s$", re.IGNORECASE)


@dataclass(frozen=True)
class _Way:
    """One way to say a name: folded, with its place in the order of nearness, and whether it is only part of the name."""

    spelling: str
    name: Name
    order: int
    is_part: bool
    needs_title: bool = False


@dataclass(frozen=True)
class _Hit:
    start: int
    end: int
    likeness: float
    words: int
    way: _Way

    @property
    def rank(self) -> float:
        """What decides between overlapping hits."""
        return self.likeness + _EACH_WORD * (self.words - 1)


def find(text: str, names: Sequence[Name]) -> list[Entity]:
    """The names in cleaned `text`, as entities of the name's kind with the Name as value, in order.

    `names` come nearest first. Where the words fit several equally (two Aminas), all are given, the nearest first, with low confidence: ask, do not choose.
    """
    ways = list(_ways(names))
    if not ways or not text:
        return []
    words = list(_WORD.finditer(text))
    folded = [fold(_POSSESSIVE.sub("", word[0])) for word in words]
    spellings = [way.spelling for way in ways]
    windows = ((place, length) for place in range(len(words)) for length in range(1, min(_WINDOW, len(words) - place) + 1))
    hits = [hit for place, length in windows for hit in _hits(words, folded, place, length, ways, spellings)]
    return sorted(_best(text, hits), key=lambda entity: (entity.start, -entity.confidence))


def _ways(names: Sequence[Name]) -> Iterable[_Way]:
    for order, name in enumerate(names):
        for spelling, is_part, needs_title in _spellings(name.kind, name.label, tuple(name.aliases)):
            yield _Way(spelling, name, order, is_part, needs_title)


@lru_cache(maxsize=4_096)
def _spellings(kind: str, label: str, aliases: tuple[str, ...]) -> tuple[tuple[str, bool, bool], ...]:
    """Each way to say a name: folded, whether it is only part of it, and whether it means the person only after a title."""
    said = dict.fromkeys(fold(spelling) for spelling in (label, *aliases))
    ways = (way for spelling in said if spelling for way in _spellings_of(kind, spelling))
    return tuple(dict.fromkeys(way for way in ways if not way[0].isdecimal()))  # of a class called '3', 'class 3' is said; '3 March' is a day


def _spellings_of(kind: str, spelling: str) -> Iterable[tuple[str, bool, bool]]:
    words = spelling.split()
    bare = [word for word in words if word not in _TITLES]
    if kind == "class" and spelling.isdecimal():
        yield f"class {spelling}", False, False
    if kind != "staff" or not bare:
        yield spelling, len(words) < 2, False
        if kind == "child" and len(words) > 1:
            yield words[0], True, False
        return
    yield " ".join(bare), len(bare) < 2, len(words) > len(bare) and len(bare) == 1
    if len(bare) > 1:
        yield bare[-1], True, True
        yield bare[0], True, False


def _hits(words: Sequence[re.Match[str]], folded: Sequence[str], place: int, length: int, ways: Sequence[_Way], spellings: Sequence[str]) -> Iterable[_Hit]:
    has_title = length > 1 and folded[place] in _TITLES
    said = " ".join(folded[place + has_title : place + length])
    if not said or said in _TITLES:
        return
    is_titled = not has_title and place > 0 and folded[place - 1] in _TITLES  # then the window that holds the title finds it
    last = words[place + length - 1]
    end = last.end() - (2 if _POSSESSIVE.search(last[0]) else 0)
    for index in _candidates(said, has_title, ways, spellings):
        way = ways[index]
        score = 0.0 if is_titled and way.name.kind == "staff" and way.is_part else _similarity(said, way, has_title)
        if score and (length > 1 or _is_name_here(words, folded, place, way, score)):
            yield _Hit(words[place].start(), end, score, length, way)


def _candidates(said: str, has_title: bool, ways: Sequence[_Way], spellings: Sequence[str]) -> list[int]:
    """Where in `ways` a closer look is worth it; the first look is rapidfuzz's own loop, a hundred times faster than ours."""
    from rapidfuzz import fuzz, process

    near = [index for _, _, index in process.extract(said, spellings, scorer=fuzz.ratio, score_cutoff=_WITH_TITLE, limit=None)]
    if has_title and len(said) >= _ABBREVIATION:
        near += [index for index, way in enumerate(ways) if way.name.kind == "staff" and way.spelling.startswith(said) and index not in near]
    return near


def _similarity(said: str, way: _Way, has_title: bool) -> float:
    """0 to 100, and 0 for what is not near enough to be meant."""
    if said == way.spelling:
        return 100.0
    if way.name.kind == "staff" and has_title and " " not in way.spelling:
        return _after_title(said, way.spelling)
    if any(char.isdigit() for char in said + way.spelling) or len(said) < (5 if way.needs_title else 4):
        return 0.0  # 'class 2' and 'class 3' are near in letters only
    return _misspelt(said, way.spelling)


def _after_title(said: str, surname: str) -> float:
    from rapidfuzz import fuzz

    if len(said) >= _ABBREVIATION and surname.startswith(said):
        return 88.0
    return min(fuzz.ratio(said, surname, score_cutoff=_WITH_TITLE), 95.0)


def _misspelt(said: str, spelling: str) -> float:
    from rapidfuzz import fuzz
    from rapidfuzz.distance import OSA

    if said in _COMMON:
        return 0.0
    limit = _LONG if len(spelling) > _SHORT_LETTERS else _SHORT
    if (similarity := fuzz.ratio(said, spelling, score_cutoff=limit)) > 0:
        return similarity
    # One wrong letter in five or six is under any ratio: let it pass if the word begins alike. Two words are no such slip: 'dua të' is Albanian, not Duarte.
    is_alike = len(said) >= 5 and " " not in said and said[0] == spelling[0] and OSA.distance(said, spelling, score_cutoff=1) <= 1
    return 80.0 if is_alike else 0.0


def _is_name_here(words: Sequence[re.Match[str]], folded: Sequence[str], place: int, way: _Way, score: float) -> bool:
    """Whether a single word is the name and not the word it also is: 'will you ring' and 'Will is ill'."""
    said, written = folded[place], words[place][0]
    if score < 100.0 or said not in _ALSO_WORDS:
        return said not in _ALSO_WORDS and way.spelling not in _ALSO_WORDS
    before = folded[place - 1] if place else ""
    after = folded[place + 1] if place + 1 < len(folded) else ""
    is_subject = after in {"s", "is", "has", "was", "isnt", "wont", "cant"} and before not in {"i", "you", "we", "it", "there", "that"}
    if is_subject or before in _NEVER_BEFORE_A_VERB or _POSSESSIVE.search(written):
        return True
    # A capital in mid-sentence is meant; at the beginning it is the telephone's doing.
    is_capital = (written[:1].isupper() and not written.isupper()) or (written.isupper() and len(written) > 1 and not all(word[0].isupper() for word in words))
    return is_capital and place > 0 and before not in {"i", "you", "we", "they", "he", "she", "it", "in", "this", "next", "last"}


def _best(text: str, hits: Sequence[_Hit]) -> Iterable[Entity]:
    """Of overlapping hits the likest and longest; of equals the nearest, and where even that does not tell, all."""
    left = list(hits)
    while left:
        top = max(left, key=lambda hit: (hit.rank, hit.end - hit.start, -hit.way.order))
        rivals = _rivals(top, left)
        for hit in rivals:
            confidence = min(1.0, hit.likeness / 100) if len(rivals) == 1 else _NEAREST if hit is rivals[0] else _OTHERS
            yield Entity(hit.way.name.kind, hit.start, hit.end, text[hit.start : hit.end], hit.way.name, round(confidence, 2))
        left = [hit for hit in left if hit.end <= top.start or top.end <= hit.start]


def _rivals(top: _Hit, hits: Sequence[_Hit]) -> list[_Hit]:
    """`top` and those that fit the same words as well: one a name, the nearest first."""
    same = [hit for hit in hits if (hit.start, hit.end) == (top.start, top.end) and hit.likeness >= top.likeness - 1 and hit.way.is_part == top.way.is_part]
    best: dict[tuple[str, int], _Hit] = {}
    for hit in sorted(same, key=lambda hit: hit.way.order):
        best.setdefault((hit.way.name.kind, hit.way.name.id), hit)
    return list(best.values())
