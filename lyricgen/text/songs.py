"""Lyrics as songs: stanzas of lines. One blank line ends a stanza, two end a song.

Where a text has no two blank lines in a row, its blocks decide: song-sized ones are songs, stanza-sized ones make one
song. Copies of a song are found by their lines, and so is what a collection adds to many songs.
"""

from __future__ import annotations

import dataclasses
import functools
import re
import statistics
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

STANZA, SONG = "\n\n", "\n\n\n"  # what ends them
_SONG_SIZED = 9  # lines of a block from which on it is a song rather than a stanza
_ALIKE = 0.6  # share of the lines of a song that an earlier one has, from which on both belong together
_WORDS = 4  # characters of a line from which on it tells songs apart
_HELD = 8  # songs that are remembered for each line
_OFTEN, _FEWEST = 0.03, 8  # share and number of the songs from which on a first or last line is the collection's
_EDGE = 2  # lines at the beginning and at the end of a song that a collection may add
_LONG_LINE, _LONGEST_LINE = 200, 100_000  # characters of a line that may be a whole song
_PHRASE = (2.0, 24.0)  # characters of its phrases on average
_GAP = re.compile(r"(\n(?:[^\S\n]*\n)+)")  # between blocks of lines that show something
_SPACE, _MARKS, _DIGITS = re.compile(r"[ \t]+"), re.compile(r"[^\w\n]"), re.compile(r"\d+")
_ASCII_MARKS = {code: None for code in range(128) if _MARKS.match(chr(code))}
_CASED = re.compile(r"[^\W\d_a-z\u3040-\u9fff]")  # letters that lower case may change
CHUNK = 1 << 16  # characters that are looked at together

_NO_LINES = np.zeros(0, np.int64)


class Prints(NamedTuple):
    """Hashes of a song, and of its lines that are long enough to tell songs apart; spaces, marks and case aside."""

    song: int
    lines: NDArray[np.int64]


@dataclasses.dataclass(frozen=True)
class Song:
    """A song: the number of its source, and its lines, empty ones between stanzas."""

    source: int
    lines: tuple[str, ...]

    @property
    def text(self) -> str:
        """The lines, each with its end but the last."""
        return "\n".join(self.lines)

    @functools.cached_property
    def prints(self) -> Prints:
        """What copies have in common."""
        text = self.text
        bare = "".join(_without_marks(text[at : at + CHUNK]) for at in range(0, len(text), CHUNK))
        bare = bare.lower() if _CASED.search(bare) else bare
        lines = list(filter(None, bare.split("\n")))
        long = [hash(line) for line in lines if len(line) >= _WORDS]
        return Prints(hash(tuple(lines)), np.array(long, np.int64))


def _without_marks(text: str) -> str:
    return text.translate(_ASCII_MARKS) if text.isascii() else _MARKS.sub("", text)


def split(text: str, songs_by: str = "auto") -> Iterator[str]:
    """Yield the songs of a text, each with one blank line between its stanzas and none at its ends.

    ``songs_by``: what ends a song: ``two-blanks``, ``blank``, or the end of the ``file``; ``auto``: the text decides.
    """
    parts = _GAP.split(f"\n\n{text}\n\n")[1:-1]  # a gap, which has the line ends of blank lines, and a block, and so on
    if songs_by == "auto":
        songs_by = _decide(parts)
    song: list[str] = []
    for block, gap in zip(parts[1::2], parts[2::2]):
        song.append(block)
        if songs_by == "blank" or (songs_by == "two-blanks" and gap.count("\n") > 2):
            yield STANZA.join(song)
            song = []
    if song:
        yield STANZA.join(song)


def _decide(parts: Sequence[str]) -> str:
    """What ends a song: two blank lines if there are any, or else one if the blocks have the size of songs."""
    if any(gap.count("\n") > 2 for gap in parts[2:-1:2]):
        return "two-blanks"
    sizes = [1 + block.count("\n") - block.count("\n[") - block.startswith("[") for block in parts[1::2]]
    return "blank" if len(sizes) > 1 and statistics.median(sizes) >= _SONG_SIZED else "file"


def batches(texts: Iterable[str]) -> Iterator[str]:
    """Yield the same texts, one after the other, in pieces of about 65,000 characters."""
    held: list[str] = []
    size = 0
    for text in texts:
        if len(text) > CHUNK:
            yield "".join(held)
            yield from (text[at : at + CHUNK] for at in range(0, len(text), CHUNK))
            held, size = [], 0
            continue
        held.append(text)
        size += len(text)
        if size > CHUNK:
            yield "".join(held)
            held, size = [], 0
    yield "".join(held)


def separator_of(text: str, line_end: str = "\n") -> str:
    """Return what separates the songs of a text that was read: two blank lines, or one where it never has two."""
    return line_end * (3 if line_end * 3 in text else 2)


def unfold(lines: Iterable[str]) -> list[str]:
    """Return the lines; a song that is written as one long line is split at its spaces, if these end phrases."""
    return [part for line in lines for part in (_phrases(line) if len(line) >= _LONG_LINE else (line,))]


def _phrases(line: str) -> Sequence[str]:
    if len(line) > _LONGEST_LINE or line.isascii():
        return (line,)
    phrases = _SPACE.split(line.strip())
    size = sum(map(len, phrases)) / len(phrases)
    return phrases if len(phrases) >= 10 and _PHRASE[0] <= size <= _PHRASE[1] else (line,)


def without_boilerplate(songs: Sequence[Song]) -> tuple[list[Song], dict[str, int]]:
    """Remove the first and last lines that many songs share, digits aside; also returns one of each, and how often."""
    edges = list(map(_edges, songs))
    least = max(_FEWEST, _OFTEN * len(songs))
    added = {line for line, count in Counter(chain.from_iterable(edges)).items() if count > least and line}
    if not added or len(songs) < 2 * _FEWEST:
        return list(songs), {}
    gone: defaultdict[str, list[str]] = defaultdict(list)
    kept = [_trimmed(song, added, gone) if edge & added else song for song, edge in zip(songs, edges)]
    return kept, {lines[0]: len(lines) for lines in gone.values()}


def _edges(song: Song) -> set[str]:
    shown = list(filter(None, song.lines))
    return set(map(_without_numbers, shown[:_EDGE] + shown[-_EDGE:]))


def _without_numbers(line: str) -> str:
    return _DIGITS.sub("0", line.strip()) if len(line) < _LONG_LINE else ""


def _trimmed(song: Song, added: set[str], gone: Mapping[str, list[str]]) -> Song:
    """A song without the lines added at either end, which go to ``gone``; the whole one if none would be left."""
    kept, removed = list(song.lines), []
    for place in (0, -1):
        while kept and (not kept[place] or _without_numbers(kept[place]) in added):
            removed.append(kept.pop(place))
    if not kept:
        return song
    for line in filter(None, removed):
        gone[_without_numbers(line)].append(line.strip())
    return dataclasses.replace(song, lines=tuple(kept))


def without_copies(songs: Sequence[Song]) -> tuple[list[Song], int]:
    """Return the songs without exact copies of earlier ones, and how many copies there were."""
    first: dict[int, Song] = {}
    for song in songs:
        first.setdefault(song.prints.song, song)
    return list(first.values()), len(songs) - len(first)


def groups(songs: Sequence[Song]) -> list[int]:
    """Return a number for each song; songs that share most of their lines have the same one.

    Linear in the text: of each line only the first songs that have it are remembered.
    """
    group = list(range(len(songs)))
    owners: dict[int, list[int]] = {line: [] for line in _shared_lines(songs)}
    for number, song in enumerate(songs):
        lines = set(song.prints.lines.tolist())
        shared = [owners[line] for line in lines if line in owners]
        if earlier := Counter(chain.from_iterable(shared)).most_common(1):
            (owner, count) = earlier[0]
            if count >= _ALIKE * len(lines):
                group[number] = group[owner]
        for others in shared:
            if len(others) < _HELD:
                others.append(number)
    return group


def _shared_lines(songs: Sequence[Song]) -> list[int]:
    """The hashes of lines that occur more than once."""
    hashes, counts = np.unique(np.concatenate([_NO_LINES, *(song.prints.lines for song in songs)]), return_counts=True)
    return list(hashes[counts > 1].tolist())
