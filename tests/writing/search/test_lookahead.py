from __future__ import annotations

import numpy as np

from lyricgen.config import FormConfig, ModelConfig, PrepareConfig, TrainConfig
from lyricgen.model import counting
from lyricgen.text import dataset
from lyricgen.writing.form.rhyme import Rhymer
from lyricgen.writing.form.spec import compile_form
from lyricgen.writing.form.tracker import FormTracker
from lyricgen.writing.search.lookahead import AHEAD, Lookahead


def test_the_lookahead_is_exact_for_pairs_of_characters() -> None:
    """A model that knows one character of context only: v_r by all the ways to the line's end."""
    data = dataset.split(["光来\n来光年\n年光\n" * 3], PrepareConfig(valid_fraction=0))
    pairs = counting.count(data, ModelConfig(cell="ngram", order=2), TrainConfig())[0]
    vocabulary, decoder = pairs.vocabulary, pairs.decoder()
    form = compile_form(FormConfig(line_length=3, lines=1, rhyme_with="光"), None)
    tracker = FormTracker(form, vocabulary, rhymer=Rhymer())
    lookahead = Lookahead(decoder, vocabulary, tracker=tracker, temperature=1.0)
    start = tracker.start("", None)

    def value(character: str, left: int) -> float:
        """p that ``left`` more characters follow it, the last one rhymes with 光, and then the line ends."""
        _, state = decoder.step(vocabulary.encode("\n"), decoder.initial_state(1))
        logits, _ = decoder.step(vocabulary.encode(character), state)
        p = np.exp(logits[0].astype(float))
        p[0] = 0
        p /= p.sum()
        if left == 0:
            return float(p[vocabulary.encode("\n")[0]])
        followers = "光来年" if left > 1 else "光"
        return sum(float(p[vocabulary.encode(x)[0]]) * value(x, left - 1) for x in followers)

    for left in range(1, AHEAD + 1):
        weights = lookahead.weights([start._replace(counted=3 - left, text="来" * (3 - left))])
        assert weights is not None
        expected = np.array([value(c, left - 1) for c in "光来年"])
        found = weights[0, vocabulary.encode("光来年")]
        np.testing.assert_allclose(found / found.sum(), expected / expected.sum(), atol=0.02)
    assert lookahead.weights([start._replace(target=9, counted=2)]) is None
