"""Repetitions within a song, found so that they can be forbidden."""

from __future__ import annotations

from collections.abc import Iterable

from lyricgen.writing.form.rhyme import counted_in


def would_repeat(lines: Iterable[str], line: str, n: int) -> set[str]:
    """The characters that would end ``line`` in ``n`` counted characters that occur already, in it or in ``lines``."""
    current = counted_in(line)
    if len(current) < n - 1:
        return set()
    context = current[len(current) - n + 1 :]
    found = set()
    for text in [*map(counted_in, lines), current]:
        position = text.find(context)
        while 0 <= position < len(text) - n + 1:
            found.add(text[position + n - 1])
            position = text.find(context, position + 1)
    return found
