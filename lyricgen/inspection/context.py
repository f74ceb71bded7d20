"""The value of memory: perplexity of a network that sees only the last n characters, beside n-grams that see them."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from lyricgen.inspection.gradients import check_length
from lyricgen.model import ngram
from lyricgen.model.checkpoint import Checkpoint
from lyricgen.model.probability import probabilities_of
from lyricgen.model.recurrent import Recurrent
from lyricgen.model.scoring import score
from lyricgen.text.vocabulary import Ids

SEEN = tuple(sorted({*range(1, 16), *(round(15 * 1.1**k) for k in range(20)), 100}))  # characters, up to 100
PREDICTED = 2000  # characters
_LONGEST = 8  # characters that an n-gram model sees


@dataclasses.dataclass(frozen=True)
class Context:
    """Perplexity of the same characters of a text, by the number of characters before each that are seen."""

    run: str
    network: Mapping[int, float]
    ngrams: Mapping[int, float]  # counted from the network's training text; empty if the checkpoint keeps none
    predicted: int

    def figures(self) -> dict[str, Any]:
        """Return the numbers by their names."""
        network, ngrams = dict(self.network), dict(self.ngrams)
        return {"run": self.run, "predicted": self.predicted, "network": network, "ngrams": ngrams}


def context(checkpoint: Checkpoint, ids: Ids, *, run: str) -> Context:
    """Measure the characters of a text (T,) after the first 100, at most 2,000.

    The network begins with a zero state n characters before each; an n-gram model that sees n has the order n + 1.

    Raises
    ------
    FileError
        The text is too short.
    """
    most = SEEN[-1]
    check_length(ids, most)
    ids = ids[: most + PREDICTED]
    return Context(run, _of_network(checkpoint, ids, most), _of_ngrams(checkpoint, ids, most), len(ids) - most)


def _of_network(checkpoint: Checkpoint, ids: Ids, most: int) -> dict[int, float]:
    """Read rows that each begin one character later, so that after n steps each has read n characters."""
    network = Recurrent(checkpoint.model, checkpoint.parameters)
    state, perplexities = network.initial_state(len(ids) - 1), {}
    for n in range(1, most + 1):
        rows = len(ids) - n  # the others would read beyond the text
        hidden, state = network.hidden(ids[None, n - 1 : n - 1 + rows], state[:, :, :rows])
        if n in SEEN:
            logits = network.logits(hidden[0, most - n :])
            perplexities[n] = score(probabilities_of(logits, ids[most:]), ids[most - 1 :]).perplexity
    return perplexities


def _of_ngrams(checkpoint: Checkpoint, ids: Ids, most: int) -> dict[int, float]:
    if checkpoint.text is None:
        return {}
    train, size, perplexities = checkpoint.text.ids("train"), len(checkpoint.vocabulary), {}
    for n in range(1, _LONGEST + 1):
        counted = ngram.NGram(ngram.estimate(train, n + 1, size), n + 1, size)
        perplexities[n] = score(counted.probabilities(ids)[most - 1 :], ids[most - 1 :]).perplexity
    return perplexities
