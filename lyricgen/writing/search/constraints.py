"""Which characters may come next: those that the form allows, without repetitions and copies that options forbid."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lyricgen.config import SampleConfig
from lyricgen.errors import OptionError
from lyricgen.model.parameters import Floats
from lyricgen.text.copies import CopyIndex
from lyricgen.text.prompt import split_words
from lyricgen.text.vocabulary import UNKNOWN, Ids, Vocabulary
from lyricgen.writing.form.characters import Mask
from lyricgen.writing.form.state import FormState
from lyricgen.writing.form.tracker import Allowed, FormTracker
from lyricgen.writing.sampling import NEVER
from lyricgen.writing.search import repetition, theme
from lyricgen.writing.search.hypotheses import NO_ID, DecoderOutput


class Options(NamedTuple):
    """What may come next in N songs."""

    logits: Floats  # (N, V), after the theme
    allowed: NDArray[np.bool_]  # (N, V)
    forced: list[str]  # (N,): the only character that the form allows, else empty; ``allowed`` may forbid that one, too


class Constraints:
    """The constraints of one form and of the options that change or forbid what a model would write."""

    def __init__(self, vocabulary: Vocabulary, tracker: FormTracker, config: SampleConfig, text: Ids | None) -> None:
        """``text`` is the training text, for ``config.max_copy`` and ``config.theme``.

        Raises
        ------
        OptionError
            ``config.max_copy`` is given, but no text; ``config.ban`` names no word, or one that the form asks for;
            ``config.theme``: see ``theme.weights``.
        """
        if config.max_copy and text is None:
            raise OptionError("--max-copy: this checkpoint keeps no text; train it again with --keep-text")
        self._banned = _banned(config.ban, vocabulary, tracker.form.acrostic)
        self._theme = None if config.theme is None else theme.weights(config.theme, vocabulary, text)
        longest = max(map(len, self._banned), default=0)
        self.window = max(theme.RECENT, config.max_copy, longest)  # W: how many recent characters are needed
        self._vocabulary = vocabulary
        self._tracker = tracker
        self._config = config
        self._copies = CopyIndex(text, config.max_copy) if config.max_copy and text is not None else None

    def apply(self, states: Sequence[FormState], output: DecoderOutput) -> Options:
        """What may come next in songs with these states and this output of the decoder."""
        wishes = [self._tracker.allowed(state) for state in states]
        allowed = np.stack([wish.mask for wish in wishes])
        if self._config.no_repeat:
            for state, wish, mask in zip(states, wishes, allowed):
                self._forbid_repetitions(mask, state, wish)
        for word in self._banned:
            ends = (output.recent[:, self.window - len(word) + 1 :] == word[:-1]).all(axis=1)
            allowed[ends, word[-1]] = False
        if self._copies:
            self._forbid_copies(allowed, output.recent, self._copies)
        return Options(self._shifted(output), allowed, [wish.forced for wish in wishes])

    def _shifted(self, output: DecoderOutput) -> Floats:
        logits = output.logits.astype(np.float32)
        if self._theme is not None:
            logits += theme.STRENGTH * theme.gains(self._theme, output.recent)
        logits[:, UNKNOWN] = NEVER
        return logits

    def _forbid_repetitions(self, mask: Mask, state: FormState, wish: Allowed) -> None:
        if state.is_repeat:
            return
        forbidden = repetition.would_repeat(state.lines, state.text, self._config.no_repeat)
        if self._config.no_repeat == 1 and not wish.forced:
            # The first characters of later lines must still be unused then.
            forbidden |= set(self._tracker.form.acrostic[len(state.lines) :])
        mask[self._vocabulary.encode("".join(forbidden))] = False

    def _forbid_copies(self, allowed: NDArray[np.bool_], recent: Ids, copies: CopyIndex) -> None:
        contexts = recent[:, -self._config.max_copy :]
        rows = np.flatnonzero(contexts[:, 0] != NO_ID)
        for row, followers in zip(rows, copies.followers(contexts[rows])):
            allowed[row, followers] = False


def _banned(given: str | None, vocabulary: Vocabulary, acrostic: Sequence[str]) -> list[Ids]:
    """The ids of the words that ``--ban`` names, but for those that this model cannot write anyway.

    Words of Latin letters are banned in small and in capital letters, also as parts of other words.
    """
    if given is None:
        return []
    words = split_words(vocabulary, given)
    if not words:
        raise OptionError("--ban: names no word")
    asked = next((word for word in words if word in tuple(acrostic)), "")
    if asked:
        raise OptionError(f"--ban: {asked} begins a line of --acrostic")
    spelled = {form for word in words for form in (word, word.lower(), word.upper(), word.capitalize())}
    known = sorted(word for word in spelled if all(character in vocabulary for character in word))
    return [vocabulary.encode(word).astype(np.int64) for word in known]
