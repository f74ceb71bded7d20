"""Lyrics as songs: stanzas of lines. One blank line ends a stanza, two end a song.

Where a text has no two blank lines in a row, its blocks decide: song-sized ones are songs, stanza-sized ones make one
song. Copies of a song are found by their lines, and so is what a collection adds to many songs.
"""

from __future__ import annotations

import re
import statistics
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import NamedTuple

STANZA, SONG = "\n\n", "\n\n\n"  # what ends them
_SONG_SIZED = 9  # lines of a block from which on it is a song rather than a stanza
_ALIKE = 0.6  # share of the lines of a song that an earlier one has, from which on both belong together
_WORDS = 4  # characters of a line from which on it tells songs apart
_HELD = 8  # songs that are remembered for each line
_OFTEN, _FEWEST = 0.03, 8  # share and number of the songs from which on a first or last line is the collection's
_EDGE = 2  # lines at the beginning and at the end of a song that a collection may add
_LONG_LINE, _PHRASE = 200, (2.0, 24.0)  # characters of a line that is a whole song, and of its phrases on average
_GAP = re.compile(r"(\n(?:[^\S\n]*\n)+)")  # between blocks of lines that show something
_SPACE, _MARKS, _LINES = re.compile(r"[ \t]+"), re.compile(r"[^\w\n]+"), re.compile("\n+")


class Song(NamedTuple):
    """A song: the number of its source, and its lines, empty ones between stanzas."""

    source: int
    lines: tuple[str, ...]

    @property
    def text(self) -> str:
        """The lines, each with its end but the last."""
        return "\n".join(self.lines)

    @property
    def key(self) -> str:
        """What two copies have in common: the characters of all lines, without spaces and marks."""
        return _LINES.sub("\n", _MARKS.sub("", self.text).strip("\n")).lower()


def is_blank(line: str) -> bool:
    """Whether a line shows nothing."""
    return not line or line.isspace()


def split(text: str, songs_by: str = "auto") -> Iterator[str]:
    """Yield the songs of a text, each with one blank line between its stanzas and none at its ends.

    ``songs_by``: what ends a song, ``two-blanks``, ``blank`` or nothing within the ``file``; ``auto`` decides by the text.
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


def separator_of(text: str, line_end: str = "\n") -> str:
    """Return what separates the songs of a text that was read: two blank lines, or one where it never has two."""
    return line_end * (3 if line_end * 3 in text else 2)


def unfold(lines: Sequence[str]) -> list[str]:
    """Return the lines; a song that is written as one long line is split at its spaces, if these end phrases."""
    if max(map(len, lines), default=0) < _LONG_LINE:
        return list(lines)
    unfolded: list[str] = []
    for line in lines:
        phrases = _SPACE.split(line.strip()) if len(line) >= _LONG_LINE and not line.isascii() else []
        size = sum(map(len, phrases)) / max(len(phrases), 1)
        unfolded += phrases if len(phrases) >= 10 and _PHRASE[0] <= size <= _PHRASE[1] else [line]
    return unfolded


def without_boilerplate(songs: Sequence[Song]) -> tuple[list[Song], dict[str, int]]:
    """Remove the first and last lines that many songs share; also returns these lines with their numbers."""
    edges: Counter[str] = Counter()
    for song in songs:
        shown = [line for line in song.lines if not is_blank(line)]
        edges.update({*map(_shape, shown[:_EDGE]), *map(_shape, shown[-_EDGE:])})
    least = max(_FEWEST, _OFTEN * len(songs))
    added = {shape for shape, count in edges.items() if count > least and shape}
    if not added or len(songs) < 2 * _FEWEST:
        return list(songs), {}
    removed: Counter[str] = Counter()
    return [song._replace(lines=_trimmed(song.lines, added, removed)) for song in songs], dict(removed)


def _shape(line: str) -> str:
    """A line without its digits, so that a number that each song has does not hide it."""
    return re.sub(r"\d+", "0", line.strip())


def _trimmed(lines: tuple[str, ...], added: set[str], removed: Counter[str]) -> tuple[str, ...]:
    """The lines without those added at either end; all of them if none would be left."""
    kept, gone = list(lines), []
    for place in (0, -1):
        while kept and (is_blank(kept[place]) or _shape(kept[place]) in added):
            gone.append(kept.pop(place))
    if not kept:
        return lines
    removed.update(_shape(line) for line in gone if not is_blank(line))
    return tuple(kept)


def without_copies(songs: Sequence[Song]) -> tuple[list[Song], int]:
    """Return the songs without exact copies of earlier ones, and how many copies there were."""
    first: dict[str, Song] = {}
    for song in songs:
        first.setdefault(song.key, song)
    return list(first.values()), len(songs) - len(first)


def groups(songs: Sequence[Song]) -> list[int]:
    """Return a number for each song; songs that share most of their lines have the same one.

    Linear in the text: of each line only the first songs that have it are remembered.
    """
    group = list(range(len(songs)))
    owners: defaultdict[int, list[int]] = defaultdict(list)
    for number, song in enumerate(songs):
        lines = {hash(line) for line in song.key.split("\n") if len(line) >= _WORDS}
        shared = Counter(owner for line in lines for owner in owners[line])
        if shared:
            earlier, count = shared.most_common(1)[0]
            if count >= _ALIKE * len(lines):
                group[number] = group[earlier]
        for line in lines:
            if len(owners[line]) < _HELD:
                owners[line].append(number)
    return group
