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
_ROUNDS = 3  # times that what has become a first or last line is looked at
_LONG_LINE, _LONGEST_LINE = 200, 100_000  # characters of a line that may be a whole song
_PHRASE = (2.0, 24.0)  # characters of its phrases on average
_FEWEST_LINES = 5  # that can tell songs apart, in a song that is a part of another one
_DOUBLE_SPACED = 0.8  # share of blocks of one line, and of single blank lines, of a text that has one after each line
_STRAY = 0.1  # share of two blank lines among song-sized blocks that does not mean that only those end songs
_BLANKS = re.compile("\n{3,}")
_RULE = re.compile(r"^[^\S\n]*(?:[-=*_#~～—][^\S\n]*){3,}$", re.M)
_GAP = re.compile(r"(\n(?:[^\S\n]*\n)+)")  # between blocks of lines that show something
_ENDS_OF_LINES = re.compile(r"[ \t]*[/／|][ \t]*"), re.compile(r"[ \t]{2,}")  # in a song that is one line
_SPACE, _MARKS, _DIGITS = re.compile(r"[ \t]+"), re.compile(r"[^\w\n]"), re.compile(r"\d+")
_CASED = re.compile(r"[^\W\d_a-z\u3040-\u9fff]")  # letters that lower case may change
CHUNK = 1 << 16  # characters that are looked at together

_NO_LINES = np.zeros(0, np.int64)


class Prints(NamedTuple):
    """Hashes of a song and of its lines that tell songs apart, without spaces, marks and upper case."""

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
        bare = "".join(_MARKS.sub("", text[at : at + CHUNK]) for at in range(0, len(text), CHUNK))
        bare = bare.lower() if _CASED.search(bare) else bare
        lines = list(filter(None, bare.split("\n")))
        long = [hash(line) for line in lines if len(line) >= _WORDS]
        return Prints(hash(tuple(lines)), np.array(long, np.int64))


def is_blank(line: str) -> bool:
    """Whether a line shows nothing."""
    return not line or line.isspace()


def split(text: str, songs_by: str = "auto") -> Iterator[str]:
    """Yield the songs of a text, each with one blank line between its stanzas and none at its ends.

    ``songs_by``: what ends a song: ``two-blanks``, ``blank``, or the end of the ``file``; ``auto``: the text decides.
    """
    if songs_by == "auto":
        text = _evenly_spaced(_ruled(text))
    parts = _parts(text)
    keeps_titles = songs_by == "auto"
    if songs_by == "auto":
        songs_by = _decide(parts)
    song: list[str] = []
    for block, gap in zip(parts[1::2], parts[2::2]):
        song.append(block)
        ends = songs_by == "blank" and not (keeps_titles and "\n" not in block)
        if ends or (songs_by == "two-blanks" and gap.count("\n") > 2):
            yield STANZA.join(song)
            song = []
    if song:
        yield STANZA.join(song)


def _parts(text: str) -> list[str]:
    """A gap, which has the line ends of blank lines, and a block, and so on."""
    return _GAP.split(f"\n\n{text}\n\n")[1:-1]


def _ruled(text: str) -> str:
    """A text with two blank lines for lines of dashes or stars, where these separate stretches of the size of songs."""
    if not _RULE.search(text):
        return text
    sizes = list(filter(None, map(_lines, _RULE.split(text))))
    return _RULE.sub(STANZA, text) if len(sizes) > 1 and statistics.median(sizes) >= _SONG_SIZED else text


def _lines(text: str) -> int:
    return sum(not is_blank(line) for line in text.split("\n"))


def _evenly_spaced(text: str) -> str:
    """A text without the blank line that follows each of its lines, if one does."""
    if text.count("\n\n") < _SONG_SIZED - 1:
        return text
    parts = _parts(text)
    blocks, gaps = parts[1::2], parts[2:-1:2]
    single = sum(gap.count("\n") == 2 for gap in gaps)
    if single < _DOUBLE_SPACED * len(gaps) or sum("\n" not in block for block in blocks) < _DOUBLE_SPACED * len(blocks):
        return text
    ends = ["\n" * ((gap.count("\n") + 1) // 2) for gap in gaps]
    return "".join(chain.from_iterable(zip(blocks, [*ends, ""])))


def _decide(parts: Sequence[str]) -> str:
    """What ends a song: two blank lines if there are any, or else one if the blocks have the size of songs."""
    double = sum(gap.count("\n") > 2 for gap in parts[2:-1:2])
    sizes = [1 + block.count("\n") - block.count("\n[") - block.startswith("[") for block in parts[1::2]]
    sizes = [size for size in sizes if size > 1] or sizes  # but for titles
    are_songs = len(sizes) > 1 and statistics.median(sizes) >= _SONG_SIZED
    if double > (_STRAY * len(sizes) if are_songs else 0):
        return "two-blanks"
    return "blank" if are_songs else "file"


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


def joined(songs: Sequence[Song]) -> Iterator[str]:
    """Yield the text of each song with its line ends, two blank lines between one and the next."""
    for number, song in enumerate(songs, 1):
        yield song.text + ("\n" if number == len(songs) else SONG)


def starts(text: str) -> list[int]:
    """Return the places in a text that was read where its songs begin."""
    separator = separator_of(text)
    places, begin = [], 0
    for song in text.split(separator):
        if not is_blank(song):
            places.append(begin + len(song) - len(song.lstrip("\n")))
        begin += len(song) + len(separator)
    return places


def unfold(lines: Iterable[str]) -> list[str]:
    """Return the lines; a song that is written as one long line is split at its spaces, if these end phrases."""
    return [part for line in lines for part in (_phrases(line) if len(line) >= _LONG_LINE else (line,))]


def _phrases(line: str) -> Sequence[str]:
    if len(line) > _LONGEST_LINE:
        return (line,)
    separator = next((mark for mark in _ENDS_OF_LINES if len(mark.findall(line)) >= 9), _SPACE)
    if separator is _SPACE and line.isascii():
        return (line,)
    phrases = list(filter(None, separator.split(line.strip(" /／|"))))
    size = sum(map(len, phrases)) / len(phrases)
    longest = _PHRASE[1] * (1 if separator is _SPACE else 3)
    return phrases if len(phrases) >= 10 and _PHRASE[0] <= size <= longest else (line,)


def without_boilerplate(songs: Sequence[Song]) -> tuple[list[Song], dict[str, int]]:
    """Remove the first and last lines that many songs share, whatever their numbers.

    Also returns one of each, counted.
    """
    kept, gone = list(songs), defaultdict[str, list[str]](list)
    least = max(_FEWEST, _OFTEN * len(songs))
    for _ in range(_ROUNDS if len(songs) >= 2 * _FEWEST else 0):
        added = {line for line in _shared_edges(kept, least) if line not in gone}
        if not added:
            break
        kept = [_trimmed(song, added, gone) for song in kept]
    return kept, {lines[0]: len(lines) for lines in gone.values()}


def _shared_edges(songs: Sequence[Song], least: float) -> set[str]:
    """The first and last lines of more songs than that; versions of one song count once."""
    edges = list(map(_edges, songs))
    often = {line for line, count in Counter(chain.from_iterable(edges)).items() if count > least and line}
    if not often:
        return often
    chosen = [number for number, lines in enumerate(edges) if lines & often]
    of_groups: defaultdict[int, set[str]] = defaultdict(set)
    for number, group in zip(chosen, groups([songs[number] for number in chosen])):
        of_groups[group] |= edges[number] & often
    return {line for line, count in Counter(chain.from_iterable(of_groups.values())).items() if count > least}


def _edges(song: Song) -> set[str]:
    shown = list(filter(None, song.lines))
    return set(map(_without_numbers, shown[:_EDGE] + shown[-_EDGE:]))


def _without_numbers(line: str) -> str:
    return _DIGITS.sub("0", line.strip()) if len(line) < _LONG_LINE else ""


def _trimmed(song: Song, added: set[str], gone: Mapping[str, list[str]]) -> Song:
    """The song without the lines added at either end, which go to ``gone``; all of it if nothing would be left."""
    lines = song.lines
    shown = [number for number, line in enumerate(lines) if line]
    removed = {number for number in shown[:_EDGE] + shown[-_EDGE:] if _without_numbers(lines[number]) in added}
    if not removed:
        return song
    kept = "\n".join([line for number, line in enumerate(lines) if number not in removed]).strip("\n")
    if not kept:
        return song
    for number in sorted(removed):
        gone[_without_numbers(lines[number])].append(lines[number].strip())
    return dataclasses.replace(song, lines=tuple(_BLANKS.sub(STANZA, kept).split("\n")))


def without_copies(songs: Sequence[Song]) -> tuple[list[Song], int]:
    """Return the songs without exact copies of earlier ones, and how many copies there were."""
    first: dict[int, Song] = {}
    for song in songs:
        first.setdefault(song.prints.song, song)
    return list(first.values()), len(songs) - len(first)


def groups(songs: Sequence[Song]) -> list[int]:
    """Return a number for each song; songs of which the shorter one shares most of its lines have the same one.

    Linear in the text: of each line only the first songs that have it are remembered.
    """
    group = list(range(len(songs)))  # of each song, or an earlier song of it
    sizes = [0] * len(songs)
    owners: dict[int, list[int]] = {line: [] for line in _shared_lines(songs)}
    for number, song in enumerate(songs):
        lines = set(song.prints.lines.tolist())
        sizes[number] = len(lines)
        shared = [owners[line] for line in lines if line in owners]
        for owner, count in Counter(chain.from_iterable(shared)).items():
            if count >= _ALIKE * max(min(len(lines), sizes[owner]), min(_FEWEST_LINES, len(lines))):
                _join(group, owner, number)
        for others in shared:
            if len(others) < _HELD:
                others.append(number)
    return [_first(group, number) for number in range(len(songs))]


def _join(group: list[int], one: int, other: int) -> None:
    first, second = sorted((_first(group, one), _first(group, other)))
    group[second] = first


def _first(group: list[int], number: int) -> int:
    """The first song of the group, by disjoint sets with path halving (Tarjan & van Leeuwen 1984)."""
    while group[number] != number:
        group[number] = group[group[number]]
        number = group[number]
    return number


def _shared_lines(songs: Sequence[Song]) -> list[int]:
    """The hashes of lines that occur more than once."""
    hashes, counts = np.unique(np.concatenate([_NO_LINES, *(song.prints.lines for song in songs)]), return_counts=True)
    return list(hashes[counts > 1].tolist())
