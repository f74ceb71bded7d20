"""Time stamps in lyrics: ``[01:02.34]`` before a line, ``<01:02.34>`` within one; lines in the order of their times.

One reader serves all sources: .lrc files, fields of collections, plain texts, standard input. It knows the forms that
players write (https://en.wikipedia.org/wiki/LRC_(file_format)): an hour, a comma, a suffix, spaces, full-width signs.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple

_OPEN, _CLOSE = r"[\[［【]\s*", r"\s*[\]］】]"
_CLOCK = r"(?:(\d{1,2}):(?=\d{1,2}[:：]\d{1,2}[.,]))?(\d{1,3})[:：](\d{1,2})"  # an hour only before a fraction
_FRACTION = r"[.:,，．](\d{1,3})"
_SUFFIX = r"(?:-\d{1,2})?"  # of a version
_STAMP = re.compile(rf"\s*{_OPEN}{_CLOCK}(?:{_FRACTION})?{_SUFFIX}{_CLOSE}")
# Within a line a bracket may be sung ([12:30]); a stamp has a fraction of a second there, or angle brackets.
_INNER = re.compile(rf"\s*(?:<{_CLOCK}(?:{_FRACTION})?>|{_OPEN}{_CLOCK}{_FRACTION}{_SUFFIX}{_CLOSE})\s*")
# Most lines with a stamp: one bracket, and words without any other.
_PLAIN = re.compile(r"^[^\S\n]*\[(\d{1,3}):(\d{1,2}(?:\.\d{1,3})?)\][^\S\n]*([^\n\[\]<［【]*)$", re.M)
_BRACKET = re.compile("[<\\[［【]")
_DOUBTFUL = re.compile(r"[\[［【][^\S\n]*\d[\d:：.,， \t-]*[\]］】].*")
_CLOCK_SIGN = re.compile(r"[<\[［【]\s*\d{1,3}[:：]\d")
_BRACKETED_DIGIT = re.compile(r"[<\[［【]\s*\d")
_NEW_SONG = re.compile(r"\s*\[ti\s*:", re.I)
_WORD = re.compile(r"[^\W\d_\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|\d")  # of a script that separates its words
_SCRIPTS = {
    "han": re.compile("[\u3400-\u9fff]"),
    "kana": re.compile("[\u3040-\u30ff]"),
    "hangul": re.compile("[\uac00-\ud7af]"),
    "letters": re.compile("[A-Za-z\u00c0-\u024f\u0400-\u04ff]+"),
}
_RESTART, _EARLY, _FEWEST = 60.0, 30.0, 8  # a new song goes back so many seconds, begins early, after so many lines
_DISPLAY = 0.4  # share of empty stamps from which on they clear the screen after each line, and mark no stanza


class Stamped(NamedTuple):
    """A line without its stamps, and the seconds at which it is sung; none for a line without a stamp."""

    words: str
    seconds: tuple[float, ...]


class Timed(NamedTuple):
    """A line at its time."""

    second: float
    number: int  # of the line in its file
    words: str
    is_stamped: bool = True


def are_in(text: str) -> bool:
    """Whether there may be a time stamp in a text."""
    return _CLOCK_SIGN.search(text) is not None


def read_line(line: str) -> Stamped:
    """Split a line into its stamps and its words; what stands between words of letters becomes one space."""
    if not _BRACKET.search(line):
        return Stamped(line, ())
    seconds, rest = [], line
    while match := _STAMP.match(rest):
        seconds.append(_seconds(*match.groups()))
        rest = rest[match.end() :]
    if seconds or "<" in rest:
        rest = _without_inner(rest)
    return Stamped(rest.strip() if seconds else rest, tuple(seconds))


def doubtful(text: str) -> Iterator[str]:
    """Yield the lines that begin with a bracket and digits that are not a stamp."""
    for match in _DOUBTFUL.finditer(text):
        is_first = not text[text.rfind("\n", 0, match.start()) + 1 : match.start()].strip()
        if is_first and not _STAMP.match(match[0]):
            yield match[0]


def _seconds(hours: str | None, minutes: str, seconds: str, fraction: str | None) -> float:
    return 3600 * int(hours or 0) + 60 * int(minutes) + int(seconds) + float(f"0.{fraction}" if fraction else 0)


def _without_inner(words: str) -> str:
    parts, done = [], 0
    for match in _INNER.finditer(words):
        before, after = words[done : match.start()], words[match.end() : match.end() + 1]
        parts.append(before)
        if before and after and (_WORD.match(before[-1]) or _WORD.match(after)):
            parts.append(" ")
        done = match.end()
    return "".join([*parts, words[done:]])


def in_order(text: str, *, keep_translations: bool = True, dropped: Any = None) -> Iterator[list[str]]:
    """Yield the songs of a text as lists of lines without stamps, each in the order of its times.

    A line with several stamps comes as often as it has them. One without a stamp stays behind the line that it follows;
    blank lines and empty stamps stay as blank lines. A new song begins at a second title tag, and where the times start
    again. A text without any stamp is one song, as it is. Of two lines at the same time in different scripts the first
    one stays, unless translations are kept. ``dropped`` counts the others, and the lines with stamps; it keeps a few of
    the lines that begin with what may be a stamp.
    """
    lines = text.split("\n")
    if not are_in(text):
        if dropped is not None:
            dropped.doubtful += islice(doubtful(text), 3)
        yield lines
        return
    if as_they_stand := _lines_in_order(text, dropped):
        yield as_they_stand
        return
    read = [read_line(line) for line in lines]
    if dropped is not None:
        dropped.stamps += sum(bool(line.seconds) for line in read)
        unstamped = "\n".join([line.words for line in read if not line.seconds])
        dropped.doubtful += islice(doubtful(unstamped), 3)
    for song in _songs(read):
        if any(line.seconds for line in song):
            ordered = _sorted(song)
            yield [line.words for line in (ordered if keep_translations else _originals(ordered, dropped))]
        else:
            yield [line.words for line in song]


def _lines_in_order(text: str, dropped: Any) -> list[str]:
    """The lines of a song that stand in the order of their times, one stamp each, as in most files; none for others."""
    first = _PLAIN.search(text)
    if not first:
        return []
    head, body = text[: first.start()], text[first.start() :].rstrip("\n")
    stamped = _PLAIN.findall(body)
    times = [60 * int(minutes) + float(seconds) for minutes, seconds, _ in stamped]
    are_all = len(stamped) == body.count("\n") + 1 and all(map(operator.lt, times, times[1:]))
    if not are_all or _BRACKETED_DIGIT.search(head) or len(_NEW_SONG.findall(head)) > 1:
        return []
    if dropped is not None:
        dropped.stamps += len(stamped)
    lines = head.split("\n")[:-1] + [words.rstrip() for _, _, words in stamped]
    return lines if _has_breaks(lines.count(""), len(lines)) else list(filter(None, lines))


def _has_breaks(empty: int, lines: int) -> bool:
    """Whether empty stamps mark stanzas, rather than clear the screen behind each line."""
    return empty < _DISPLAY * lines


def _songs(lines: Sequence[Stamped]) -> Iterator[list[Stamped]]:
    song: list[Stamped] = []
    latest, has_title = 0.0, False
    for line in lines:
        is_title = "[" in line.words and _NEW_SONG.match(line.words) is not None
        if not line.seconds and not is_title:
            song.append(line)
            continue
        first = min(line.seconds, default=latest)
        restarts = len(line.seconds) == 1 and first < _EARLY and latest - first > _RESTART and len(song) >= _FEWEST
        if (is_title and (has_title or latest)) or restarts:
            head = _tags_before(song) if restarts else []
            yield song[: len(song) - len(head)]
            song, latest, has_title = head, 0.0, False
        has_title = has_title or is_title
        latest = max(latest, *line.seconds) if len(line.seconds) == 1 else latest
        song.append(line)
    if song:
        yield song


def _tags_before(song: Sequence[Stamped]) -> list[Stamped]:
    """The lines without a stamp at the end of a song, behind its last blank line: those of the next one."""
    head: list[Stamped] = []
    for line in reversed(song):
        if line.seconds or not line.words.strip():
            break
        head.insert(0, line)
    return head if len(head) < len(song) else []


def script_of(words: str) -> str:
    """Return which script most characters of a line have: han, kana, hangul or letters; empty for none."""
    counts = {name: len(characters.findall(words)) for name, characters in _SCRIPTS.items()}
    if counts["kana"]:
        return "kana"
    return max(counts, key=lambda name: counts[name]) if any(counts.values()) else ""


def _originals(ordered: Sequence[Timed], dropped: Any) -> Iterator[Timed]:
    before = Timed(-1.0, 0, "")
    for line in ordered:
        if line.is_stamped and line.second == before.second:
            scripts = script_of(before.words), script_of(line.words)
            if all(scripts) and scripts[0] != scripts[1]:
                dropped.translations += 1
                continue
        yield line
        if line.is_stamped:
            before = line


def _sorted(song: Sequence[Stamped]) -> list[Timed]:
    keeps_breaks = _has_breaks(sum(bool(line.seconds) and not line.words for line in song), len(song))
    timed: list[Timed] = []
    last = -1.0
    for number, line in enumerate(song):
        if not line.seconds:
            timed.append(Timed(last, number, line.words, is_stamped=False))
            continue
        last = line.seconds[0]
        if line.words or keeps_breaks:
            timed += [Timed(second, number, line.words) for second in line.seconds]
    return sorted(timed, key=lambda entry: (entry.second, entry.number))
