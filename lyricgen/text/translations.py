"""Translations in songs: each line followed by its translation, below it or in the same line, in another script."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from lyricgen.text.stamps import script_of

_LOOK, _SHORTEST, _VARIED = 5, 3, 0.5  # lines looked at first, characters of a line, share of different ones
_FEWEST, _MOST = 6, 0.8  # lines, and the share of them that must have a translation: single ones are sung
_LETTERS, _EAST = "A-Za-z\u00c0-\u024f\u0400-\u04ff", "\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af"
_TWO = re.compile(
    rf"(?P<first>[^{_EAST}]*[{_LETTERS}][^{_EAST}]*?|[^{_LETTERS}]*[{_EAST}][^{_LETTERS}]*?)"
    rf"(?:\s*[/／|]\s*|\s+|\s*(?P<open>[(（]))(?P<second>[^(（/／|]+?)(?(open)\s*[)）])\s*"
)
_NO_HAN = re.compile(f"[{_LETTERS}\u3040-\u30ff\uac00-\ud7af]{{2}}")
_HAS_LETTERS, _HAS_EAST = re.compile(f"[{_LETTERS}]{{2}}"), re.compile(f"[{_EAST}]")


def without(song: str) -> tuple[str, int]:
    """Return a song without the translations of its lines, and how many they were; the song as it is, and 0, if few."""
    if not (_HAS_EAST.search(song) and _NO_HAN.search(song)):
        return song, 0
    lines = song.split("\n")
    numbers = [number for number, line in enumerate(lines) if line.strip()]
    if len(numbers) < _FEWEST:
        return song, 0
    halves = [_halves(lines[number]) for number in numbers[:_LOOK]]
    if any(halves):
        halves += [_halves(lines[number]) for number in numbers[_LOOK:]]
        firsts, seconds = (set(filter(None, part)) for part in zip(*(half or ("", "") for half in halves)))
        if sum(map(bool, halves)) >= _MOST * len(numbers) and _are_varied(firsts, seconds):
            for number, half in zip(numbers, halves):
                lines[number] = half[0] if half else lines[number]
            return "\n".join(lines), sum(map(bool, halves))
    below = _below(lines, numbers)
    return "\n".join([line for number, line in enumerate(lines) if number not in below]), len(below)


def _are_varied(firsts: Collection[str], seconds: Collection[str]) -> bool:
    """Whether what may be translations differs from line to line, as a shout between lines does not."""
    return len(seconds) >= _VARIED * len(firsts)


def _halves(line: str) -> tuple[str, str] | None:
    """A line and its translation, if it has two halves in different scripts."""
    match = _TWO.fullmatch(line)
    if not match or min(len(match["first"]), len(match["second"])) < _SHORTEST:
        return None
    scripts = {script_of(match["first"]), script_of(match["second"])}
    if len(scripts) < 2 or "" in scripts or _mixed(match["second"]):
        return None
    return match["first"].rstrip(" /／|"), match["second"]


def _mixed(words: str) -> bool:
    return bool(_HAS_LETTERS.search(words) and _HAS_EAST.search(words))


def _below(lines: Sequence[str], numbers: Sequence[int]) -> set[int]:
    """The numbers of every second line, if nearly all of these are in another script than the line above."""
    pairs = [(lines[one], lines[other]) for one, other in zip(numbers[::2], numbers[1::2])]
    if not any(map(_differ, pairs[:_LOOK])) or sum(map(_differ, pairs)) < _MOST * len(pairs):
        return set()
    return set(numbers[1::2]) if _are_varied(*map(set, zip(*pairs))) else set()


def _differ(pair: tuple[str, str]) -> bool:
    scripts = {script_of(words) for words in pair}
    return len(scripts) == 2 and "" not in scripts and min(map(len, pair)) >= _SHORTEST
