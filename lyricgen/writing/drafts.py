"""The score by which one of many drafts of a line stays.

    score = (ln p of the characters + ``END`` · ln p of the line end) / (characters + ``END``) - penalties

p is the model's own probability, at temperature 1 and whatever a theme or the lookahead adds. ln p of the first
character counts ``FIRST`` times: what a line begins with is a choice, and the likeliest one is always a pronoun. The
penalties are for what readers named as defects, in nats a character. The likeliest lines are loops (Holtzman et al.
2020), so pairs that return cost most.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Sequence
from typing import NamedTuple

FIRST = 0.5  # of ln p of the first character counts
END = 2.0  # characters that the line end counts for: its probability tells whether the line is complete
RETURNING = 1.5  # times the share of the pairs that the song has already
REPEATED = 1.0  # times the share of the pairs that return within the line
ALIKE = 2.0  # the whole line is there already
BEGINNING = 0.6  # it begins as one of the last ``RECENT`` lines does
SAME_FIRST = 0.25  # its first character is that of the line before
PHRASE = 1.0  # it ends in mid-phrase
STRAY = 1.0  # it ends in a pause and a single character
PARTICLE = 0.7  # it rhymes by a particle
SPACES = 1.0  # it has two spaces in a row, or one at an end
PAUSE = 0.3  # for each pause within a line of a given length
LENGTH, LONGER = 0.4, 1.1  # times |ln| of the quotient of its length and ``LONGER`` times that of the drafts
COPIED = 10.0  # more than --max-copy characters are copied
OTHER_SONG = 3.0  # times the share of the pairs of a first line that the first lines of other songs have
RECENT = 6  # lines

_TOKEN = re.compile(r"[^\W\d_\u2e80-\U0003ffff]+(?:['’][^\W\d_\u2e80-\U0003ffff]+)*|\w")  # a word of letters, or a sign
_PRONOUN = str.maketrans(dict.fromkeys("你他她它咱", "我"))
_UNFINISHED = re.compile(
    "(?:[把被将和与跟从往给让使为因而但且或及很太更最不别可如若比像在于是的得]|"
    "[一二两三四五六七八九十几半每这那][个只条张把件座本次场双杯滴朵颗片根支枝封盏扇首排位名页])$"
)
_PAUSE = re.compile(r"(?<=[\u2e80-\U0003ffff])\s+")  # after a sign; between words of letters it is none
_STRAY = re.compile(r"\s\w\W*$")
_SPACES = re.compile(r"\s\s|^\s|\s$")
_PARTICLES = "的着了呢呀吧啊吗啦嘛哪哦"


class Draft(NamedTuple):
    """A line that may be the next one of a song."""

    text: str
    nats: float  # ln p of its last ``characters``, that of the first one of the line times ``FIRST``
    characters: int
    end: float  # ln p of the line end behind it
    usual_length: float = 1.0  # characters of the drafts, by their median
    is_rhymed: bool = False
    has_length: bool = False  # that is given
    copies: bool = False  # more of the training text than it should


def score(draft: Draft, before: Sequence[str], pairs: Collection[str], openings: Collection[str] = ()) -> float:
    """How good a draft is, in nats a character; 0 is best.

    ``before``: the lines before it; ``pairs``: their pairs; ``openings``: those of the first lines of other songs.
    """
    likelihood = (draft.nats + END * draft.end) / (draft.characters + END)
    return likelihood - _repetition(draft.text, before, pairs, openings) - _defects(draft)


def pairs_of(line: str) -> list[str]:
    """The pairs of characters (of words, in letters) of a line."""
    tokens = _tokens(line)
    return [f"{one} {other}" for one, other in zip(tokens, tokens[1:])]


def _tokens(line: str) -> list[str]:
    return _TOKEN.findall(line.lower())


def _repetition(line: str, before: Sequence[str], pairs: Collection[str], openings: Collection[str]) -> float:
    own = pairs_of(line)
    count = max(len(own), 1)
    penalty = RETURNING * sum(pair in pairs for pair in own) / count
    penalty += REPEATED * (len(own) - len(set(own))) / count
    penalty += OTHER_SONG * sum(pair in openings for pair in own) / count
    recent = [other for other in before[-RECENT:] if other]
    penalty += ALIKE * (line in before[-8 * RECENT :])
    penalty += BEGINNING * any(_beginning(line) == _beginning(other) for other in recent)
    return penalty + SAME_FIRST * any(_beginning(line)[:1] == _beginning(other)[:1] for other in recent[-1:])


def _beginning(line: str) -> list[str]:
    """The first two characters or words; all pronouns are one."""
    return [token.translate(_PRONOUN) for token in _tokens(line)[:2]]


def _defects(draft: Draft) -> float:
    line = draft.text
    penalty = PHRASE * bool(_UNFINISHED.search(line)) + STRAY * bool(_STRAY.search(line))
    penalty += PARTICLE * (draft.is_rhymed and line[-1:] in _PARTICLES) + SPACES * bool(_SPACES.search(line))
    if draft.has_length:
        penalty += PAUSE * len(_PAUSE.findall(line.strip()))
    else:
        penalty += LENGTH * abs(math.log(max(len(line), 1) / (LONGER * draft.usual_length)))
    return penalty + COPIED * draft.copies
