"""Time stamps in lyrics: ``[01:02.34]`` before a line, ``<01:02.34>`` within one; lines in the order of their times.

One reader serves all sources: .lrc files, fields of collections, plain texts, standard input. It knows the forms that
players write (https://en.wikipedia.org/wiki/LRC_(file_format)): an hour, a comma, a suffix, spaces, full-width signs.
"""

from __future__ import annotations

import operator
import re
import statistics
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice, takewhile
from typing import Any, NamedTuple

_OPENS = "\\[［【〔{"
_OPEN, _CLOSE = rf"[{_OPENS}]\s*", r"\s*[\]］】〕}]"
_CLOCK = r"(?:(\d{1,2}):(?=\d{1,2}[:：]\d{1,2}[.,]))?(\d{1,3})[:：](\d{1,2})"  # an hour only before a fraction
_FRACTION = r"[.:,;，．。](\d{1,6})"
_SUFFIX = r"(?:-\d{1,2}|[-,，]\s*\d{1,3}:\d{1,2}(?:[.:]\d{1,3})?)?"  # of a version, or the end of the line's time
_STAMP = re.compile(
    rf"\s*(?:{_OPEN}\+?{_CLOCK}(?:{_FRACTION})?{_SUFFIX}{_CLOSE}|[(（]\s*{_CLOCK}{_FRACTION}\s*[)）]|\[(\d+),\d+\](?=[^,]*\d,))"
)
# Within a line a bracket may be sung ([12:30]); a stamp has a fraction of a second there, or angle brackets.
_INNER = re.compile(
    rf"(?:<{_CLOCK}(?:{_FRACTION})?>|{_OPEN}{_CLOCK}{_FRACTION}{_SUFFIX}{_CLOSE}|[<(]\d+,\d+(?:,\d+)?[>)])\s*"
)
_ENDING = re.compile(rf"(.*?\S){_OPEN}{_CLOCK}{_FRACTION}{_CLOSE}\s*")
# Most lines with a stamp: one bracket, and words without any other.
_PLAIN = re.compile(r"\s*\[(\d{1,3}):(\d{1,2}(?:\.\d{1,3})?)\]\s*([^\[\]<［【]*)")
_BRACKET = re.compile(f"[<(（{_OPENS}]")
_DOUBTFUL = re.compile(
    rf"[{_OPENS}][^\S\n]*[+-]?\d[\d:：.,，;/'’ \t-]*[\]］】〕}}[].*|[(（{_OPENS}]?[^\S\n]*\d{{1,3}}[:：]\d\d[.:,，]\d.*"
    r"|\d\d:\d\d:\d\d,\d+ -->.*"
)
_DIGIT = re.compile(r"\d")
_CLOCK_SIGN = re.compile(rf"[<(（{_OPENS}]\s*(?:\+?\d{{1,3}}[:：]\d|\d+,\d)")
_BRACKETED_DIGIT = re.compile(rf"[<(（{_OPENS}]\s*[+-]?\d|^\s*\d+[:：]\d", re.M)
_NEW_SONG = re.compile(r"\s*\[ti\s*:", re.I)
_KOREAN, _JOINED = re.compile("[\uac00-\ud7af]"), re.compile(r"[,.!?;:)，。！？、]")  # no space before these
_WORD = re.compile(r"[^\W\d_\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|\d")  # of a script that separates its words
_SCRIPTS = {
    "han": re.compile("[\u3400-\u9fff]"),
    "kana": re.compile("[\u3040-\u30ff]"),
    "hangul": re.compile("[\uac00-\ud7af]"),
    "letters": re.compile("[A-Za-z\u00c0-\u024f\u0400-\u04ff]+"),
}
_RESTART, _EARLY, _FEWEST = 60.0, 60.0, 8  # a new song goes back so many seconds, begins early, after so many lines
_SHARED = 0.6  # share of the times of a block that a translation has from the song before it
_FEW_PAIRS = 3  # lines at the same time, of which each is judged by itself
_LONG_LINE, _SHORTEST = (
    100,
    1.0,
)  # characters of a line that may be a song, seconds of its lines; single words are shorter
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


def read_line(line: str) -> Stamped:
    """Split a line into its stamps and its words; what stands between words of letters becomes one space."""
    if not _BRACKET.search(line):
        return Stamped(line, ())
    seconds, rest = [], line
    while match := _STAMP.match(rest):
        *clocks, milliseconds = match.groups()
        first, second = clocks[:4], clocks[4:]
        seconds.append(int(milliseconds) / 1000 if milliseconds else _seconds(*(second if second[1] else first)))
        rest = rest[match.end() :]
    if not seconds and (behind := _ENDING.fullmatch(rest)):
        seconds, rest = [_seconds(*behind.groups()[1:])], behind[1]
    if seconds or "<" in rest:
        rest = _without_inner(rest)
    return Stamped(rest.strip() if seconds else rest, tuple(seconds))


def doubtful(text: str) -> Iterator[str]:
    """Yield the lines that begin with a bracket and digits that are not a stamp."""
    for match in _DOUBTFUL.finditer(text) if _DIGIT.search(text) else ():
        is_first = not text[text.rfind("\n", 0, match.start()) + 1 : match.start()].strip()
        if is_first and not _STAMP.match(match[0]):
            yield match[0]


def _seconds(hours: str | None, minutes: str, seconds: str, fraction: str | None) -> float:
    return 3600 * int(hours or 0) + 60 * int(minutes) + int(seconds) + float(f"0.{fraction}" if fraction else 0)


def _without_inner(words: str) -> str:
    parts, done = [], 0
    for match in _INNER.finditer(words):
        written, after = words[done : match.start()], words[match.end() : match.end() + 1]
        before = written.rstrip()
        parts.append(before)
        has_space = before != written or match[0] != match[0].rstrip()
        is_korean = has_space and (_KOREAN.match(before[-1:]) or _KOREAN.match(after))
        are_words = before and (_WORD.match(before[-1]) or _WORD.match(after)) and not _JOINED.match(after)
        if before and after and (is_korean or are_words):
            parts.append(" ")
        done = match.end()
    return "".join([*parts, words[done:]])


def in_order(text: str, *, keep_translations: bool = True, dropped: Any = None) -> Iterator[list[str]]:
    """Yield the songs of a text as lists of lines without stamps, each in the order of its times.

    A line with several stamps comes as often as it has them. One without a stamp stays behind the line that it follows;
    blank lines and empty stamps stay as blank lines. A new song begins at a second title tag, and where the times start
    again. A text without any stamp is one song, as it is. Of two lines at the same time in different scripts the first
    one stays, unless translations are kept. ``dropped`` counts the others and the lines with stamps; it keeps the first
    lines that begin with what may be a stamp.
    """
    lines = text.strip("\n").split("\n")
    if not _CLOCK_SIGN.search(text):
        if dropped is not None:
            dropped.doubtful += islice(doubtful(text), 3)
        yield lines
        return
    as_they_stand = _lines_in_order(lines, dropped)
    if as_they_stand is not None:
        yield as_they_stand
        return
    read = [read_line(line) for whole in lines for line in _unfolded(whole)]
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


def _lines_in_order(lines: Sequence[str], dropped: Any) -> list[str] | None:
    """The words of a song whose lines stand in the order of their times, one stamp each; None for others."""
    matches = list(map(_PLAIN.fullmatch, lines))
    others = "\n".join([line for line, match in zip(lines, matches) if not match])
    stamped = [match.groups() for match in matches if match]
    times = [60 * int(minutes) + float(seconds) for minutes, seconds, _ in stamped]
    is_empty = any(not words for _, _, words in stamped)
    if is_empty or _BRACKETED_DIGIT.search(others) or not all(map(operator.lt, times, times[1:])):
        return None
    titles = [number for number, line in enumerate(lines) if "[" in line[:9] and _NEW_SONG.match(line)]
    if len(titles) > 1 or any(matches[: sum(titles)]):
        return None
    if dropped is not None:
        dropped.stamps += len(stamped)
    return [match[3].rstrip() if match else line for line, match in zip(lines, matches)]


def _unfolded(line: str) -> list[str]:
    """The lines of a song that is written as one, each behind its stamp; most lines are one."""
    if len(line) < _LONG_LINE or line.count("[") < _FEWEST:
        return [line]
    begins = [match.start() for match in _STAMP.finditer(line)]
    times = [read_line(line[begin:end]).seconds[0] for begin, end in zip(begins, [*begins[1:], None])]
    are_lines = len(times) >= _FEWEST and times[-1] - times[0] >= (len(times) - 1) * _SHORTEST
    return [line[begin:end] for begin, end in zip(begins, [*begins[1:], None])] if are_lines else [line]


def _songs(lines: Sequence[Stamped]) -> Iterator[list[Stamped]]:
    song: list[Stamped] = []
    latest, has_title = 0.0, False
    for number, line in enumerate(lines):
        is_title = "[" in line.words and _NEW_SONG.match(line.words) is not None
        if not line.seconds and not is_title:
            song.append(line)
            continue
        first = min(line.seconds, default=latest)
        restarts = len(line.seconds) == 1 and first < latest and _restarts(song, lines[number:], latest)
        if (is_title and (has_title or latest)) or restarts:
            head = _tags_before(song) if restarts else []
            yield song[: len(song) - len(head)]
            song, latest, has_title = head, 0.0, False
        has_title = has_title or is_title
        latest = max(latest, *line.seconds) if len(line.seconds) == 1 else latest
        song.append(line)
    if song:
        yield song


def _restarts(song: Sequence[Stamped], rest: Sequence[Stamped], latest: float) -> bool:
    """Whether a line at an earlier time begins another song: behind two blank lines, or far back and early.

    Not so where the lines that follow are a translation of the song, or fill the time before it.
    """
    first = rest[0].seconds[0]
    blank = sum(1 for _ in takewhile(lambda line: not (line.seconds or line.words.strip()), reversed(song)))
    if blank > 1:
        return True
    if first > _EARLY or latest - first < _RESTART or len(song) < _FEWEST:
        return False
    times = {line.seconds[0] for line in song if line.seconds}
    run = list(_rising(line for line in rest if line.seconds))
    if run[-1].seconds[0] < statistics.median(times):
        return False
    shared = sum(line.seconds[0] in times for line in run)
    return shared < _SHARED * len(run) or _main_script(song) == _main_script(run)


def _rising(lines: Iterable[Stamped]) -> Iterator[Stamped]:
    latest = -1.0
    for line in lines:
        if line.seconds[0] < latest:
            return
        latest = line.seconds[0]
        yield line


def _main_script(lines: Sequence[Stamped]) -> str:
    ((script, _),) = Counter(script_of(line.words) for line in lines if line.seconds).most_common(1)
    return script


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
    """The lines without translations: those in another script, or all second ones where most of them are."""
    before = Timed(-1.0, 0, "")
    seconds: dict[int, bool] = {}  # whether a line is in another script than the one at the same time
    for place, line in enumerate(ordered):
        if line.is_stamped and line.words and line.second == before.second:
            scripts = script_of(before.words), script_of(line.words)
            seconds[place] = all(scripts) and scripts[0] != scripts[1]
        elif line.is_stamped:
            before = line
    are_translations = 2 * sum(seconds.values()) >= len(seconds) and len(seconds) > _FEW_PAIRS
    for place, line in enumerate(ordered):
        if seconds.get(place) or (place in seconds and are_translations):
            dropped.translations += 1
        else:
            yield line


def _sorted(song: Sequence[Stamped]) -> list[Timed]:
    empty = sum(bool(line.seconds) and not line.words for line in song)
    keeps_breaks = empty < _DISPLAY * len(song)
    timed: list[Timed] = []
    last: tuple[float, ...] = (-1.0,)
    for number, line in enumerate(song):
        last = line.seconds or last
        if line.words or keeps_breaks or not line.seconds:
            is_stamped = bool(line.seconds)
            timed += [Timed(second, number, line.words, is_stamped) for second in last]
    return _without_double_breaks(sorted(timed, key=lambda entry: (entry.second, entry.number)))


def _without_double_breaks(timed: Sequence[Timed]) -> list[Timed]:
    """The lines with one blank line where an empty stamp stands beside another one, or beside a blank line."""
    timed = [
        line
        for before, line in zip([Timed(-1, 0, ""), *timed], timed)
        if line.words or not (before.words and before.is_stamped and line.is_stamped and before.second == line.second)
    ]
    pairs = zip([Timed(0, 0, "-"), *timed], timed)
    return [
        line
        for before, line in pairs
        if before.words.strip() or line.words.strip() or not (before.is_stamped or line.is_stamped)
    ]
