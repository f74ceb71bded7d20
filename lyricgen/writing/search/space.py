"""The search space of songs: a first hypothesis, what may come next, and the hypotheses after that."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from lyricgen.config import MAX_COPY, SampleConfig
from lyricgen.errors import OptionError
from lyricgen.model.decoder import Decoder
from lyricgen.model.parameters import Floats
from lyricgen.text.copies import CopyIndex
from lyricgen.text.prompt import normalise_prompt, split_words
from lyricgen.text.vocabulary import UNKNOWN, Ids, Vocabulary
from lyricgen.writing.form.characters import Mask
from lyricgen.writing.form.rhyme import counted_in
from lyricgen.writing.form.state import FormState
from lyricgen.writing.form.tracker import Allowed, FormTracker
from lyricgen.writing.prefix import read_prefix
from lyricgen.writing.sampling import NEVER
from lyricgen.writing.search import theme
from lyricgen.writing.search.hypotheses import NO_ID, DecoderOutput, Hypothesis, gather
from lyricgen.writing.search.lookahead import Lookahead


class Options(NamedTuple):
    """What may come next in N songs."""

    output: DecoderOutput  # as the model gave it
    logits: Floats  # (N, V), after the theme
    allowed: NDArray[np.bool_]  # (N, V)
    forced: list[str]  # (N,): the only character that the form allows, else empty; ``allowed`` may forbid that one, too
    copies: NDArray[np.bool_]  # (N,): whether all that may come makes a longer copy than ``--max-copy`` by default


class SearchSpace:
    """All songs that one decoder can write under one form and the constraints of ``config``."""

    def __init__(
        self,
        decoder: Decoder | None,
        vocabulary: Vocabulary,
        *,
        tracker: FormTracker,
        config: SampleConfig,
        text: Ids | None = None,
        copied: Ids | None = None,
    ) -> None:
        """Without a ``decoder``, only ``apply`` can be called.

        ``text`` is the training text, for ``config.theme``; ``copied`` is what ``config.max_copy`` is about.

        Raises
        ------
        OptionError
            ``config.max_copy`` is given, but no text; ``config.ban`` names no word, or one that the form asks for;
            ``config.theme``: see ``theme.weights``.
        """
        if config.max_copy and copied is None:
            raise OptionError("--max-copy: this checkpoint keeps no text; train it again with --keep-text")
        self.vocabulary = vocabulary
        self.config = config
        self.tracker = tracker
        self._decoder = cast("Decoder", decoder)
        self.lookahead = Lookahead(self._decoder, vocabulary, tracker=tracker, temperature=config.temperature)
        self._banned = _banned(config.ban, vocabulary, tracker.form.acrostic)
        self._theme = None if config.theme is None else theme.weights(config.theme, vocabulary, text)
        self._max_copy = (config.max_copy or MAX_COPY) if config.looks_for_copies else 0
        self._copies = CopyIndex(copied, self._max_copy) if self._max_copy and copied is not None else None
        longest = max(map(len, self._banned), default=0)
        self._window = max(theme.RECENT, self._max_copy, longest)  # W: how many recent characters are needed

    def id_of(self, character: str) -> int:
        """The id of a character."""
        return int(self.vocabulary.encode(character)[0])

    def recent(self, text: str) -> Ids:
        """The last characters of a text (1, W)."""
        ids = self.vocabulary.encode(text).astype(np.int64)
        window: Ids = np.concatenate([np.full(self._window, NO_ID), ids])[None, -self._window :]
        return window

    def start(self, prefix: str, length: int | None) -> Hypothesis:
        """The song after a prefix; ``length`` and errors as for ``FormTracker.start``."""
        prompt = normalise_prompt(self.vocabulary, prefix)
        state = self.tracker.start(prompt, length)
        logits, decoder_state = read_prefix(self._decoder, self.vocabulary, prefix)
        recent = self.recent(self.tracker.line_end + prompt)
        return Hypothesis(state, DecoderOutput(logits, decoder_state, recent), 0)

    def options(self, hypotheses: Sequence[Hypothesis], *, are_drafts: bool = False) -> Options:
        """What may come next in each of them; in drafts without longer copies than by default, where that can be."""
        states = [hypothesis.state for hypothesis in hypotheses]
        return self.apply(states, gather(self._decoder, hypotheses), are_drafts=are_drafts)

    def advance(self, hypotheses: Sequence[Hypothesis], characters: Sequence[str]) -> list[Hypothesis]:
        """The hypotheses after one more character each."""
        before = gather(self._decoder, hypotheses)
        ids = self.vocabulary.encode("".join(characters)).astype(np.int64)
        logits, decoder_state = self._decoder.step(ids, before.decoder_state)
        recent = np.concatenate([before.recent[:, 1:], ids[:, None]], axis=1)
        output = DecoderOutput(logits, decoder_state, recent)
        return [
            hypothesis._replace(state=self.tracker.advance(hypothesis.state, character), output=output, row=row)
            for row, (hypothesis, character) in enumerate(zip(hypotheses, characters))
        ]

    def detach(self, hypothesis: Hypothesis) -> Hypothesis:
        """The same song, no draft, with an output of its own, so that the rows of others can be freed."""
        return Hypothesis(hypothesis.state, gather(self._decoder, [hypothesis]), 0)

    def apply(self, states: Sequence[FormState], output: DecoderOutput, *, are_drafts: bool = False) -> Options:
        """What may come next in songs with these states and this output of the decoder."""
        wishes = [self.tracker.allowed(state) for state in states]
        allowed = np.stack([wish.mask for wish in wishes])
        forced = [wish.forced for wish in wishes]
        if self.config.no_repeat:
            for state, wish, mask in zip(states, wishes, allowed):
                self._forbid_repetitions(mask, state, wish)
        for word in self._banned:
            ends = (output.recent[:, self._window - len(word) + 1 :] == word[:-1]).all(axis=1)
            allowed[ends, word[-1]] = False
        copies = np.zeros(len(states), bool)
        if self._copies and (self.config.max_copy or are_drafts):
            self._forbid_copies(allowed, output.recent, forced, copies)
        return Options(output, self._shifted(output), allowed, forced, copies)

    def _shifted(self, output: DecoderOutput) -> Floats:
        logits = output.logits.astype(np.float32)
        if self._theme is not None:
            logits += theme.STRENGTH * theme.gains(self._theme, output.recent)
        logits[:, UNKNOWN] = NEVER
        return logits

    def _forbid_repetitions(self, mask: Mask, state: FormState, wish: Allowed) -> None:
        if state.is_repeat:
            return
        forbidden = would_repeat(state.lines, state.text, self.config.no_repeat)
        if self.config.no_repeat == 1 and not wish.forced:
            # The first characters of later lines must still be unused then.
            forbidden |= set(self.tracker.form.acrostic[len(state.lines) :])
        mask[self.vocabulary.encode("".join(forbidden))] = False

    def _forbid_copies(
        self, allowed: NDArray[np.bool_], recent: Ids, forced: Sequence[str], copies: NDArray[np.bool_]
    ) -> None:
        """Forbid what would make a longer copy; by default not where nothing else may come."""
        assert self._copies is not None
        is_strict = self.config.max_copy is not None
        contexts = recent[:, -self._max_copy :]
        rows = np.flatnonzero(contexts[:, 0] != NO_ID)
        for row, followers in zip(rows, self._copies.followers(contexts[rows])):
            if not len(followers) or (forced[row] and not is_strict):
                continue
            before = allowed[row, followers]
            allowed[row, followers] = False
            if not is_strict and not allowed[row].any():
                allowed[row, followers], copies[row] = before, True


def would_repeat(lines: Iterable[str], line: str, n: int) -> set[str]:
    """The characters that would end ``line`` in ``n`` counted characters that occur already, in it or in ``lines``."""
    current = counted_in(line)
    if len(current) < n - 1:
        return set()
    context = current[len(current) - n + 1 :]
    repeating = set()
    for text in [*map(counted_in, lines), current]:
        position = text.find(context)
        while 0 <= position < len(text) - n + 1:
            repeating.add(text[position + n - 1])
            position = text.find(context, position + 1)
    return repeating


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
