"""The search space of songs: a first hypothesis, what may come next, and the hypotheses after that."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lyricgen.config import SampleConfig
from lyricgen.model.decoder import Decoder
from lyricgen.text.prompt import normalise_prompt
from lyricgen.text.vocabulary import Ids, Vocabulary
from lyricgen.writing.form.tracker import FormTracker
from lyricgen.writing.prefix import read_prefix
from lyricgen.writing.search.constraints import Constraints, Options
from lyricgen.writing.search.hypotheses import NO_ID, DecoderOutput, Hypothesis, gather
from lyricgen.writing.search.lookahead import Lookahead


class SearchSpace:
    """All songs that one decoder can write under one form and the constraints of ``config``."""

    def __init__(
        self, decoder: Decoder, vocabulary: Vocabulary, *, tracker: FormTracker, config: SampleConfig, text: Ids | None
    ) -> None:
        """``text`` is the training text, for ``config.max_copy`` and ``config.theme``; errors: ``Constraints``."""
        self.vocabulary = vocabulary
        self.config = config
        self.tracker = tracker
        self.lookahead = Lookahead(decoder, vocabulary, tracker=tracker, temperature=config.temperature)
        self._decoder = decoder
        self._constraints = Constraints(vocabulary, tracker, config, text)

    def id_of(self, character: str) -> int:
        """The id of a character."""
        return int(self.vocabulary.encode(character)[0])

    def start(self, prefix: str, length: int | None) -> Hypothesis:
        """The song after a prefix; ``length`` and errors as for ``FormTracker.start``."""
        prompt = normalise_prompt(self.vocabulary, prefix)
        state = self.tracker.start(prompt, length)
        logits, decoder_state = read_prefix(self._decoder, self.vocabulary, prefix)
        window = self._constraints.window
        ids = self.vocabulary.encode(self.tracker.line_end + prompt).astype(np.int64)
        recent = np.concatenate([np.full(window, NO_ID), ids])[None, -window:]
        return Hypothesis(state, DecoderOutput(logits, decoder_state, recent), 0)

    def options(self, hypotheses: Sequence[Hypothesis]) -> Options:
        """What may come next in each of them."""
        states = [hypothesis.state for hypothesis in hypotheses]
        return self._constraints.apply(states, gather(self._decoder, hypotheses))

    def advance(self, hypotheses: Sequence[Hypothesis], characters: Sequence[str]) -> list[Hypothesis]:
        """The hypotheses after one more character each."""
        before = gather(self._decoder, hypotheses)
        ids = self.vocabulary.encode("".join(characters)).astype(np.int64)
        logits, decoder_state = self._decoder.step(ids, before.decoder_state)
        recent = np.concatenate([before.recent[:, 1:], ids[:, None]], axis=1)
        output = DecoderOutput(logits, decoder_state, recent)
        states = [self.tracker.advance(each.state, character) for each, character in zip(hypotheses, characters)]
        weights = [hypothesis.weight for hypothesis in hypotheses]
        return [Hypothesis(state, output, row, weight) for row, (state, weight) in enumerate(zip(states, weights))]

    def detach(self, hypothesis: Hypothesis) -> Hypothesis:
        """The same hypothesis with an output of its own, so that the rows of others can be freed; its weight is 0."""
        return Hypothesis(hypothesis.state, gather(self._decoder, [hypothesis]), 0)
