"""``--theme``: what is added to the logits of characters that keep company with some words in the training text."""

from __future__ import annotations

import unicodedata

import numpy as np

from lyricgen.errors import OptionError
from lyricgen.model.parameters import Floats
from lyricgen.text.association import Association
from lyricgen.text.prompt import line_start, split_words
from lyricgen.text.vocabulary import UNKNOWN, Ids, Vocabulary

STRENGTH = np.float32(2)  # nine songs of ten have the word then, at 0.1 nats a character

MAX_GAIN = 2.0  # nats: the theme's own characters have more, and would be all that is written
RECENT = 32  # characters, some four lines: one of these gains nothing, or it would be written over and over
_READ = 5_000_000  # characters; more change the weights by little


def weights(words: str, vocabulary: Vocabulary, text: Ids | None) -> Floats:
    """How closely each character is associated with the words, (V,) in nats from 0 to ``MAX_GAIN``.

    With several words, the closest of them counts. Letters of an alphabet get 0: they say nothing alone.

    Raises
    ------
    OptionError
        There is no text; no word is named, or one that the text does not have; or no character is associated with them.
    """
    if text is None:
        raise OptionError("--theme: this checkpoint keeps no text; train it again with --keep-text")
    named = split_words(vocabulary, words)
    if not named:
        raise OptionError("--theme: names no word")
    (line_end,) = vocabulary.encode(line_start(vocabulary))
    counted = Association(text[:_READ], int(line_end), len(vocabulary))
    signs = np.array([unicodedata.category(sign) == "Lo" for sign in vocabulary.id_to_char])
    found: Floats = np.max([_of_word(word, counted, vocabulary) * signs for word in named], axis=0)
    if not found.any():
        raise OptionError(f"--theme: {words} is too rare in the training text, or no Chinese word; name another word")
    return found


def gains(weights: Floats, recent: Ids) -> Floats:
    """What the logits gain: weights (V,), the last ids of N songs (N, W), negative for none -> (N, V).

    A character among the last ``RECENT`` gains nothing.
    """
    found = np.repeat(weights[None], len(recent), axis=0)
    found[np.arange(len(recent))[:, None], np.maximum(recent[:, -RECENT:], UNKNOWN)] = 0
    return found


def _of_word(word: str, counted: Association, vocabulary: Vocabulary) -> Floats:
    ids = vocabulary.encode(word)
    found = None if UNKNOWN in ids else counted.with_word(ids)
    if found is None:
        raise OptionError(f"--theme: {word} never occurs in the training text; name another word")
    return np.minimum(found, MAX_GAIN).astype(np.float32)
