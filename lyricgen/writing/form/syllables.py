"""Lines of so many syllables, in English: what may come next so that only words of the dictionary are spelled.

The CMU Pronouncing Dictionary tells the syllables of a word: the vowels of its most frequent pronunciation.
"""

from __future__ import annotations

import bisect
import functools
from collections.abc import Iterator

from lyricgen.writing.form.characters import Characters, Mask
from lyricgen.writing.form.english import WORD, begun_word, pronunciations, sounds_of, words_of
from lyricgen.writing.form.state import FormState

_APOSTROPHE = "'"


def count_syllables(text: str) -> int | None:
    """The syllables of all words of a text; None if the dictionary does not know one of them."""
    counts = list(map(_syllables_of, words_of(text)))
    return None if 0 in counts else sum(counts)


@functools.lru_cache(maxsize=1 << 16)
def _syllables_of(word: str) -> int:
    """0 if the dictionary does not know the word."""
    sounds = next(iter(sounds_of(word)), "")
    return sum(sound[-1].isdigit() for sound in sounds.split())


class Syllables:
    """What may be spelled with the characters of one vocabulary."""

    def __init__(self, characters: Characters) -> None:
        self._characters = characters
        # Each object has its own caches, which are freed with it.
        self._next_letters = functools.cache(self._find_next_letters)

    def is_satisfied(self, state: FormState) -> bool:
        """Whether the current line has the syllables that it must have."""
        wanted = state.line.syllables
        return wanted is None or count_syllables(state.text) == wanted

    def allowed(self, state: FormState, wanted: int, *, may_rest: bool) -> Mask:
        """The next characters (V,) of a line of ``wanted`` syllables; ``may_rest``: uncounted ones, too."""
        begun = begun_word(state.text)
        word = begun.lower()
        left = wanted - (count_syllables(state.text[: len(state.text) - len(begun)]) or 0)
        letters = self._next_letters(word, left)
        mask = self._characters.only(letters + letters.upper())
        if word and not 0 < _syllables_of(word) <= left:
            return mask
        left -= _syllables_of(word)
        if may_rest:
            rests = self._characters.closing if not left else self._characters.uncounted
            rests = rests if state.text else self._characters.opening
            mask = mask | (rests & ~self._characters.only(_APOSTROPHE))
        return mask if left else mask | self._characters.line_end

    def _find_next_letters(self, beginning: str, most: int) -> str:
        """What may follow the beginning of a word that is to have ``most`` syllables at most."""
        place = len(beginning)
        return "".join({word[place] for word in self._words_from(beginning) if _syllables_of(word) <= most})

    def _words_from(self, beginning: str) -> Iterator[str]:
        """The longer words that begin so."""
        words = self._words
        for number in range(bisect.bisect_right(words, beginning), len(words)):
            if not words[number].startswith(beginning):
                return
            yield words[number]

    @functools.cached_property
    def _words(self) -> list[str]:
        """The words of the dictionary that this vocabulary can write, sorted."""
        known = {character.lower() for character in self._characters.id_to_char}
        return sorted(word for word in pronunciations() if known.issuperset(word) and WORD.fullmatch(word))
