"""Words that must stand somewhere in a song: each goes where the model likes it.

A song is drawn without them first. For each word that is missing, a place is drawn among all that the constraints
allow, by the probability of the word after what stands before it there. The song is kept up to the word that comes
first, and written anew after it, until none is missing.
"""

from __future__ import annotations

import dataclasses
import math
import re
import time
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lyricgen.errors import OptionError, UnsatisfiableError
from lyricgen.model.probability import draw, log_softmax
from lyricgen.text.prompt import normalise_prompt, split_words
from lyricgen.text.vocabulary import UNKNOWN, Vocabulary
from lyricgen.writing.form.english import is_latin
from lyricgen.writing.form.lines import MAX_LINE_LENGTH, Line
from lyricgen.writing.form.rhyme import is_counted
from lyricgen.writing.form.toning import Toning
from lyricgen.writing.form.tracker import FormTracker
from lyricgen.writing.search.drafting import SECONDS, DraftSearch
from lyricgen.writing.search.hypotheses import Hypothesis
from lyricgen.writing.search.space import SearchSpace

TRIES = 24  # songs that are begun before the words count as impossible
_PLAIN = 4  # tries after which the first draft of a line stays, not the best
_AT_ONCE = 4096  # places whose logits are held at once
_UNKNOWN_SCORE = -20.0  # ln p of a character that the model does not know


class _Place(NamedTuple):
    """A word at a place of a song."""

    position: int  # characters before the word
    score: float  # ln p of the word there
    after: Hypothesis  # the song up to the word's end


@dataclasses.dataclass
class _Song:
    """The search for one song."""

    rng: np.random.Generator
    start: Hypothesis  # the song up to the last word that was put into it
    is_new: bool = True  # none has been put into it
    tries: int = 0
    text: str | None = None  # once it has all words


class WordSearch:
    """Writes songs that contain all of some words, by a search that knows nothing of them."""

    def __init__(self, space: SearchSpace, search: DraftSearch, words: Sequence[str], temperature: float) -> None:
        """``temperature``: of the draw of a place; 0 takes the likeliest."""
        self._space = space
        self._temperature = temperature
        self._tracker = space.tracker
        self._search = search
        self._words = words

    def write(self, start: Hypothesis, rngs: Sequence[np.random.Generator], prefix: str) -> list[str]:
        """One song for each of N generators, without the prefix.

        Raises
        ------
        UnsatisfiableError
            No song was found that contains all words and satisfies all constraints.
        """
        prompt = normalise_prompt(self._space.vocabulary, prefix)
        songs, self._began = [_Song(rng, start) for rng in rngs], time.monotonic()
        while unfinished := [song for song in songs if song.text is None]:
            drafts = self._draft(unfinished)
            for song, draft, along in zip(unfinished, drafts, self._follow(unfinished, drafts)):
                missing = [word for word in self._words if draft is None or not occurs(word, prompt + draft)]
                if missing:
                    self._put(song, missing, along, prompt, start)
                else:
                    song.text = draft
        return [song.text or "" for song in songs]

    def _put(
        self, song: _Song, missing: Sequence[str], along: Sequence[Hypothesis], prompt: str, start: Hypothesis
    ) -> None:
        """Put one of the missing words into a song; if they have no place in it, it begins again."""
        places = [self._draw_place(along, word, prompt, song.rng) for word in missing]
        found = [place for place in places if place]
        if len(found) == len(missing):
            song.start, song.is_new = min(found, key=lambda place: place.position).after, False
            return
        song.start, song.is_new, song.tries = start, True, song.tries + 1
        if song.tries > TRIES or time.monotonic() - self._began > SECONDS:
            raise UnsatisfiableError(
                f"--words: {', '.join(missing)} could not be put into the song in {song.tries} tries; remove a word "
                "or a constraint, or ask for more lines"
            )

    def _draft(self, songs: Sequence[_Song]) -> list[str | None]:
        """Each song written on from its start; None where that cannot be done."""
        try:
            return [*map("".join, zip(*self._pieces(songs)))]
        except UnsatisfiableError:
            if len(songs) == 1:
                if songs[0].is_new:
                    raise  # without the words, too
                return [None]
            half = len(songs) // 2
            return self._draft(songs[:half]) + self._draft(songs[half:])

    def _pieces(self, songs: Sequence[_Song]) -> Iterator[list[str]]:
        starts = [song.start for song in songs]
        over = [self._tracker.is_over(start.state) for start in starts]
        if all(over):
            yield [start.state.written for start in starts]
        else:
            is_plain = max(song.tries for song in songs) >= _PLAIN  # the best drafts are too much alike
            yield from self._search.write(starts, [song.rng for song in songs], is_plain=is_plain)

    def _follow(self, songs: Sequence[_Song], drafts: Sequence[str | None]) -> Iterator[list[Hypothesis]]:
        """For each song the hypotheses from its start on, after each character of its draft."""
        new = [(draft or "")[len(song.start.state.written) :] for song, draft in zip(songs, drafts)]
        at_once = max(1, _AT_ONCE // max(map(len, [*new, " "])))
        for first in range(0, len(songs), at_once):
            along = [[song.start] for song in songs[first : first + at_once]]
            texts = new[first : first + at_once]
            for position in range(max(map(len, texts))):
                rows = [row for row, text in enumerate(texts) if position < len(text)]
                after = self._space.advance([along[row][-1] for row in rows], [texts[row][position] for row in rows])
                for row, hypothesis in zip(rows, after):
                    along[row].append(hypothesis)
            yield from ([each for each in one if not self._tracker.is_over(each.state)] for one in along)

    def _draw_place(
        self, along: Sequence[Hypothesis], word: str, prompt: str, rng: np.random.Generator
    ) -> _Place | None:
        found: list[_Place] = []
        for first in range(0, len(along), _AT_ONCE):
            found += self._places(along, range(first, min(first + _AT_ONCE, len(along))), word, prompt)
        if not found or self._temperature == 0:
            return max(found, key=lambda place: place.score, default=None)
        scores = np.array([place.score for place in found]) / self._temperature
        return found[int(draw(scores[None], np.array([rng.random()]))[0])]

    def _places(self, along: Sequence[Hypothesis], positions: Sequence[int], word: str, prompt: str) -> list[_Place]:
        """Where a word may stand."""
        kept = [position for position in positions if not _is_within_word(along[position], word, prompt)]
        scores, current = np.zeros(len(kept)), [along[position] for position in kept]
        for character in word:
            gains = self._gains(current, character)
            rows = np.flatnonzero(gains > -np.inf)
            if not len(rows):
                return []
            kept, scores = [kept[row] for row in rows], scores[rows] + gains[rows]
            current = self._space.advance([current[row] for row in rows], [character] * len(rows))
        places = [_Place(*each) for each in zip(kept, scores.tolist(), current)]
        return self._end_words(places) if is_latin(word[-1]) else places

    def _end_words(self, places: Sequence[_Place]) -> list[_Place]:
        """Words of letters with what the model likes best after them that is no letter, so that they stay whole."""
        options = self._space.options([place.after for place in places])
        may_end = options.allowed & ~self._tracker.characters.counted & ~self._tracker.characters.only("'")
        ids = np.where(may_end, options.logits, -np.inf).argmax(axis=1)
        ended = []
        for row, (place, char_id) in enumerate(zip(places, ids.tolist())):
            character = self._space.vocabulary.id_to_char[char_id]
            ends_line = character == self._tracker.line_end and self._tracker.can_end_line(place.after.state)
            if may_end[row, char_id] and (not ends_line or self._tracker.is_satisfied(place.after.state)):
                (after,) = self._space.advance([place.after], [character])
                ended.append(place._replace(after=after))
        return ended

    def _gains(self, hypotheses: Sequence[Hypothesis], character: str) -> NDArray[np.float64]:
        """ln p (N,) of a character, with the weight of the lookahead; -inf where it may not come."""
        options = self._space.options(hypotheses)
        states = [hypothesis.state for hypothesis in hypotheses]
        (char_id,) = self._space.vocabulary.encode(character)
        if char_id == UNKNOWN:
            may_come = (options.allowed & self._tracker.characters.counted).any(axis=1) & is_counted(character)
            gains = np.full(len(states), _UNKNOWN_SCORE)
        else:
            may_come = options.allowed[:, char_id]
            gains = log_softmax(options.logits)[:, char_id]
            weights = self._space.lookahead.weights(states)
            if weights is not None:
                gains += np.log(np.maximum(weights[:, char_id], 1e-30))
        forced = np.array([character == forced or not forced for forced in options.forced])
        over = np.array([self._tracker.is_over(state) for state in states])
        return np.where(may_come & forced & ~over, gains, -np.inf)


def _is_within_word(hypothesis: Hypothesis, word: str, prompt: str) -> bool:
    """Whether a word of letters would be the end of a longer one."""
    return is_latin(word[0]) and is_latin((prompt + hypothesis.state.written)[-1:])


def occurs(word: str, text: str) -> bool:
    """Whether a word stands in a text: one of Latin letters as a whole, in small or in capital letters."""
    if not is_latin(word[0]):
        return word in text
    return re.search(rf"(?<![A-Za-z']){re.escape(word)}(?![A-Za-z'])", text, re.IGNORECASE) is not None


def required_words(vocabulary: Vocabulary, given: str | None, ban: str | None) -> list[str]:
    """The words of ``--words``; OptionError if one of them is none, or is banned."""
    if given is None:
        return []
    words = list(dict.fromkeys(split_words(vocabulary, given)))
    if not words:
        raise OptionError("--words: names no word")
    banned = split_words(vocabulary, ban or "")
    for word in words:
        if any(each.lower() in word.lower() for each in banned):
            raise OptionError(f"--words: {word} is banned by --ban")
        if not any(map(is_counted, word)):
            raise OptionError(f"--words: {word} has no letter")
    return words


def check_room(words: Sequence[str], tracker: FormTracker, length: int | None) -> None:
    """OptionError if a word has no place in any line, or the song is too short for all of them."""
    form, whole = tracker.form, sum(map(len, words))
    if length is not None and whole > length:
        raise OptionError(f"--words: they have more characters than the song, {length}; raise --length")
    period = math.lcm(len(form.lengths), len(form.tones))
    lines = [line for line in map(form.line, range(form.count or period)) if line.repeats is None]
    for word in words:
        if not any(_has_place(word, line, tracker.toning) for line in lines):
            what = "with these tones" if any(form.tones) else "of this length"
            raise OptionError(f"--words: {word} fits into no line {what}; leave it out, or ask for other lines")
    if form.count and sum(line.length or MAX_LINE_LENGTH for line in lines) < whole:
        raise OptionError("--words: they do not fit into so few lines; ask for longer ones, or for more")


def _has_place(word: str, line: Line, toning: Toning) -> bool:
    length = line.length or MAX_LINE_LENGTH
    if not line.tones:
        return len(word) <= length
    begins = range(length - len(word) + 1)
    return any(all(map(toning.can_have, word, line.tones[begin:])) for begin in begins)
