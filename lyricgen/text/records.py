"""Collections of lyrics as they are passed around: .json, .jsonl, .csv and .tsv; one field is the song."""

from __future__ import annotations

import ast
import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from lyricgen.errors import FileError

SUFFIXES = (".json", ".jsonl", ".ndjson", ".csv", ".tsv")
_SHOWN = 200  # fields in a message
_ROWS_SHOWN = 5
_SONG_SIZED = 200  # characters of a string in a list from which on it is a song, not a line
_LIST_AS_TEXT = re.compile(r"\s*\[\s*['\"](.*)['\"]\s*,?\s*\]\s*", re.DOTALL)
_BETWEEN_ITEMS = re.compile(r"['\"]\s*,\s*['\"]")
_SEPARATORS = ",;\t|"
_FIELD_NAME = re.compile("ly?ri?c|text|content|body|paragraph|words|歌|词|詞", re.I)  # rather than a title
_NO_SPACE = re.compile(r"\S")
_QUOTED = re.compile('"[^"]*"')
_LARGEST_LIST = 1 << 20  # characters of a list that is written as text

csv.field_size_limit((1 << 31) - 1)  # the default, 131,072 characters, is less than some cells have


def songs(text: str, kind: str, field: str | None, name: str, warnings: list[str]) -> Iterator[str]:
    """The songs of a file of that kind (a suffix), each a text with its line ends; blank lines end stanzas.

    ``field`` names one field, or several with commas between them, of which each entry's first one counts;
    ``lrc.lyric`` is a field within a field. Its value is a text, or a list of lines. A list of texts needs no field.
    FileError if the file is no such file, or none of its entries has the field; without a field, the message lists
    those that there are.
    """
    wanted = [path.strip().split(".") for path in field.split(",")] if field else []
    entries = list(_rows(text, kind, name, warnings) if kind in (".csv", ".tsv") else _parsed(text, kind, wanted, name))
    texts = [entry for entry in entries if isinstance(entry, str)]
    if not wanted and not texts:
        fields = _fields(entries) or "it has none"
        raise FileError(f"{name}: which field is the song? lyricgen prepare --field NAME reads it, of: {fields}")
    texts_of_songs = [words for words in (_song(entry, wanted) for entry in entries) if words]
    if not texts_of_songs:
        raise FileError(
            f"{name}: no entry has text in its field {field!r} (--field); it has {_fields(entries) or 'none'}"
        )
    return iter(texts_of_songs)


def _rows(text: str, kind: str, name: str, warnings: list[str]) -> Iterator[Mapping[str, Any]]:
    """The rows of a table by the names in its first row; warns of those that have other cells than it."""
    try:
        header, *rows = _cells(text, kind, name, warnings) or [[]]
    except csv.Error as error:
        raise FileError(f"{name}: is not a {kind} file: {error}") from error
    header = [cell.strip() for cell in header]
    rows = list(filter(None, rows))
    wrong = [number for number, row in enumerate(rows, 1) if len(row) != len(header)]
    if wrong:
        shown = ", ".join(f"{number:,}" for number in wrong[:_ROWS_SHOWN]) + (", …" if len(wrong) > _ROWS_SHOWN else "")
        warnings.append(
            f"Warning: {name}: {len(wrong):,} of {len(rows):,} rows have not the {len(header)} cells of the header "
            f"(rows {shown}): is a quote or a separator missing?"
        )
    return (dict(zip(header, row)) for row in rows)


def _cells(text: str, kind: str, name: str, warnings: list[str]) -> list[list[str]]:
    """The cells of all rows; where quotes do not fit, those of a .tsv file mean nothing, and others are warned of."""
    first, _, rest = text.partition("\n")
    if first.strip().startswith("sep="):  # what spreadsheets write
        text, first = rest, rest.partition("\n")[0]
    names = _QUOTED.sub("", first)
    usual = "\t" if kind == ".tsv" else ","
    separator = usual if usual in names else max(_SEPARATORS, key=lambda mark: (names.count(mark), mark == usual))
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=separator, skipinitialspace=True, strict=True)
    try:
        return list(rows)
    except csv.Error as error:
        if kind != ".tsv":
            warnings.append(f"Warning: {name}: line {rows.line_num:,}: {error}: is a quote missing, or not doubled?")
        lines = io.StringIO(text, newline="")
        if kind == ".tsv":
            return list(csv.reader(lines, delimiter=separator, quoting=csv.QUOTE_NONE))
        return list(csv.reader(lines, delimiter=separator))


def _parsed(text: str, kind: str, wanted: Sequence[Sequence[str]], name: str) -> Iterator[Any]:
    try:
        try:
            values = [json.loads(text, strict=False)] if kind == ".json" else _lines_of_json(text, kind, name)
        except json.JSONDecodeError as error:
            if error.msg != "Extra data":
                raise
            values = _lines_of_json(text, kind, name)
        for value in values:
            yield from _titled(value) or _entries(value, wanted)
    except RecursionError as error:
        raise FileError(f"{name}: is not a {kind} file: it is nested too deeply") from error
    except ValueError as error:
        raise FileError(f"{name}: is not a {kind} file: {error}") from error


def _lines_of_json(text: str, kind: str, name: str) -> list[Any]:
    """One value a line; or several values in a row, whatever their lines."""
    values = []
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                values.append(json.loads(line))
            except ValueError as error:
                try:
                    return list(_values_in_a_row(text))
                except ValueError:
                    raise FileError(f"{name}: is not a {kind} file: line {number}: {error}") from error
    return values


def _values_in_a_row(text: str) -> Iterator[Any]:
    decoder, place, end = json.JSONDecoder(strict=False), 0, len(text.rstrip())
    while place < end:
        value, place = decoder.raw_decode(text, _NO_SPACE.search(text, place).start())  # type: ignore[union-attr]
        yield value


def _entries(value: Any, wanted: Sequence[Sequence[str]]) -> Iterator[Any]:
    """The objects and texts that are songs: a list's, those behind the keys of an object, or the value itself."""
    if isinstance(value, list):
        texts = [item for item in value if isinstance(item, str)]
        if texts and len(texts) == len(value):
            are_songs = any("\n" in item.strip() or len(item) >= _SONG_SIZED for item in texts)
            yield from texts if are_songs else ["\n".join(texts)]
            return
        for item in value:
            if isinstance(item, (dict, list)):
                yield from _entries(item, wanted)
    elif isinstance(value, dict):
        if not any(_words(_value(value, path)) for path in wanted):
            inner = list(_inner(value, wanted))
            if inner:
                for item in inner:
                    yield from _entries(item, wanted)
                return
        yield value
    elif isinstance(value, str):
        yield value


def _inner(value: Mapping[str, Any], wanted: Sequence[Sequence[str]]) -> Iterator[Any]:
    """What an object holds that is a collection: its only list of objects, or all its values where all are alike."""
    items = list(value.values())
    lists = [item for item in items if isinstance(item, list) and item and isinstance(item[0], (dict, list))]
    if len(lists) == 1:
        yield lists[0]
    elif all(isinstance(item, list) and item for item in items) or (
        all(isinstance(item, dict) for item in items) and (len(items) > 1 or wanted)
    ):
        yield from items
    else:
        inner = [item for item in items if isinstance(item, (dict, list)) and _has(item, wanted)]
        if len(inner) == 1:
            yield inner[0]


def _titled(value: Any) -> list[str]:
    """The songs of an object that has them behind their titles, or behind singers and titles."""
    if not isinstance(value, dict) or any(map(_FIELD_NAME.search, value)):
        return []
    texts: list[str] = []
    for item in value.values():
        inner = [item] if isinstance(item, str) and "\n" in item.strip() else _titled(item)
        if not inner:
            return []
        texts += inner
    return texts


def _has(value: Any, wanted: Sequence[Sequence[str]]) -> bool:
    """Whether an entry of a collection has one of the fields."""
    entries = [entry for entry in _entries(value, wanted) if isinstance(entry, dict)]
    return any(_song(entry, wanted) for entry in entries)


def _value(entry: Mapping[str, Any], path: Sequence[str]) -> Any:
    """The value at a path of names; a name with dots in it is found, too."""
    whole = ".".join(path)
    if whole in entry:
        return entry[whole]
    value: Any = entry
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _song(entry: Any, wanted: Sequence[Sequence[str]]) -> str:
    if isinstance(entry, str):
        return _words(entry)
    return next((words for words in (_words(_value(entry, path)) for path in wanted) if words), "")


def _words(value: Any) -> str:
    if isinstance(value, str):
        value = listed(value)
    if isinstance(value, list) and any(isinstance(item, list) for item in value):
        return "\n".join(filter(None, map(_words, value)))  # stanzas
    lines = value if isinstance(value, list) else [value]
    text = "\n".join(line for line in lines if isinstance(line, str))
    return "".join(line.rstrip() + "\n" for line in text.splitlines()) if text.strip() else ""


def listed(text: str) -> str | list[str]:
    """The lines that a text spells as a list in Python or JSON; the text itself if it spells none."""
    match = _LIST_AS_TEXT.fullmatch(text) if len(text) < _LARGEST_LIST else None
    if not match:
        return text
    try:
        lines = ast.literal_eval(text.strip())
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        lines = _BETWEEN_ITEMS.split(match[1])  # some quotes within are not marked
    return lines if isinstance(lines, list) and all(isinstance(line, str) for line in lines) else text


def _fields(entries: Iterable[Any]) -> str:
    names: dict[str, None] = {}
    for entry in entries:
        if isinstance(entry, dict):
            for name, value in entry.items():
                if _words(value):
                    names[str(name)] = None
                elif isinstance(value, dict):
                    names.update({f"{name}.{inner}": None for inner, text in value.items() if _words(text)})
    return ", ".join(list(names)[:_SHOWN])
