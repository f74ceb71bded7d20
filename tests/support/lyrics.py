"""Check the songs of ``data/lyrics``: python tests/support/lyrics.py data/lyrics/*.txt

A file holds the songs of one theme. A song is its title, a blank line, and stanzas separated by one blank line; two
blank lines end it. Each rule below turns a file down with one line that says where.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lyricgen.writing.form.rhyme import Rhymer

FREQUENT = frozenset(Path(__file__).with_name("frequent_characters.txt").read_text("utf-8").strip())
SHARED = 10  # characters in a row that two songs may not share
WEAK = "的着了吗"
_HAN = re.compile("[\u4e00-\u9fff]")
_SUNG = re.compile("[^\u4e00-\u9fffA-Za-z\n]")
_RHYMER = Rhymer(near=True)


class Song(NamedTuple):
    """A title and stanzas of lines."""

    title: str
    stanzas: list[list[str]]

    @property
    def lines(self) -> list[str]:
        """All lines, in their order."""
        return [line for stanza in self.stanzas for line in stanza]

    @property
    def new_stanzas(self) -> list[list[str]]:
        """The stanzas without those that return."""
        return [list(stanza) for stanza in dict.fromkeys(map(tuple, self.stanzas))]


def count(line: str) -> int:
    """Return the characters of a line as they are sung: ideographs, and words of letters."""
    return len(_HAN.findall(line)) + len(re.findall("[A-Za-z']+|[0-9]", line))


def read(path: Path) -> list[Song]:
    """Return the songs of a file."""
    songs = []
    for text in path.read_text("utf-8").strip("\n").split("\n\n\n"):
        title, *stanzas = text.split("\n\n")
        songs.append(Song(title, [stanza.split("\n") for stanza in stanzas]))
    return songs


def faults(path: Path, songs: Sequence[Song]) -> Iterator[str]:
    """Yield what is wrong with the songs of one theme."""
    for song in songs:
        yield from (f"{path.name}: {song.title}: {fault}" for fault in _of_song(song))
    lines = [line for song in songs for line in dict.fromkeys(song.lines)]
    weak = [line for line in lines if _SUNG.sub("", line)[-1:] in WEAK]
    if len(weak) > 0.08 * len(lines):
        yield f"{path.name}: {len(weak)} of {len(lines)} lines end in one of {WEAK}"
    (opening, times), *_ = Counter(line[:2] for line in lines).most_common(1)
    if times > max(0.03 * len(lines), 8):
        yield f"{path.name}: {times} of {len(lines)} lines begin with {opening}"
    stanzas = [stanza for song in songs for stanza in song.new_stanzas if len(stanza) >= 4]
    free = [stanza for stanza in stanzas if not rhymes(stanza)]
    if len(free) > 0.1 * len(stanzas):
        yield f"{path.name}: {len(free)} of {len(stanzas)} stanzas do not rhyme, as {'/'.join(free[0])}"
    han = _HAN.findall("".join(lines))
    rare = [character for character in han if character not in FREQUENT]
    if len(rare) > 0.05 * len(han):
        yield f"{path.name}: {len(rare) / len(han):.1%} of the characters are rare ones: {''.join(rare[:20])}"


def _of_song(song: Song) -> Iterator[str]:
    if not 0 < len(song.title) <= 12 or song.title != song.title.strip():
        yield "a title has 1 to 12 characters"
    if any(not line or line != line.strip() for line in song.lines) or not song.stanzas:
        yield "its blank lines are not as they must be"
        return
    size = sum(map(count, song.lines))
    if not 150 <= size <= 480:
        yield f"has {size} characters"
    forms = Counter(len(stanza) for stanza in song.new_stanzas)
    if max(forms.values()) < 2:
        yield "has no two verses of the same number of lines"


def rhymes(stanza: Sequence[str]) -> bool:
    """Whether half of the lines of a stanza rhyme with one another; en and eng count as one."""
    classes = Counter(kind for kind in map(_RHYMER.of_line, stanza) if kind)
    return bool(classes) and 2 * (classes.most_common(1)[0][1] + stanza_unknown(stanza)) >= len(stanza)


def stanza_unknown(stanza: Sequence[str]) -> int:
    """Return how many lines end in something that has no class of rhyme, as a number or an unknown word."""
    return sum(_RHYMER.of_line(line) is None for line in stanza)


def shared(songs: Sequence[Song]) -> list[tuple[str, str]]:
    """Return the titles of songs that share ``SHARED`` characters in a row."""
    hashes = [np.unique(_hashes(_SUNG.sub("", "\n".join(song.lines)))) for song in songs]
    every = np.concatenate(hashes)
    owners = np.repeat(np.arange(len(songs)), [len(each) for each in hashes])
    order = np.argsort(every, kind="stable")
    twice = np.flatnonzero(every[order][1:] == every[order][:-1])
    pairs = {(int(owners[order[at]]), int(owners[order[at + 1]])) for at in twice}
    return sorted((songs[one].title, songs[other].title) for one, other in pairs)


def _hashes(text: str) -> NDArray[np.uint64]:
    codes = np.frombuffer(text.encode("utf-32-le"), np.uint32).astype(np.uint64)
    if len(codes) < SHARED:
        return np.zeros(0, np.uint64)
    found = np.zeros(len(codes) - SHARED + 1, np.uint64)
    for offset in range(SHARED):
        found = found * np.uint64(1_000_003) + codes[offset : offset + len(found)] + np.uint64(7)
    return found


def main() -> None:
    """Check the files that are named."""
    files = {Path(name): read(Path(name)) for name in sys.argv[1:]}
    found = [fault for path, songs in files.items() for fault in faults(path, songs)]
    songs = [song for part in files.values() for song in part]
    found += [f"{one} and {other} share {SHARED} characters in a row" for one, other in shared(songs)]
    found += [
        f"{title}: {times} songs have this title"
        for title, times in Counter(s.title for s in songs).items()
        if times > 1
    ]
    lines = [line for song in songs for line in song.lines]
    print("\n".join(found))
    print(
        f"{len(files)} files, {len(songs):,} songs, {sum(map(count, lines)):,} characters, {len(lines):,} lines, "
        f"{len(set(lines)) / len(lines):.1%} distinct; {len(found)} faults"
    )
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
