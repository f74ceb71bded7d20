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

SUFFIXES = (".json", ".jsonl", ".csv", ".tsv")
_SHOWN = 200  # fields in a message
_ROWS_SHOWN = 5
_SONG_SIZED = 200  # characters of a string in a list from which on it is a song, not a line
_LIST_AS_TEXT = re.compile(r"\s*\[\s*['\"].*['\"]\s*,?\s*\]\s*", re.DOTALL)
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
    rows = csv.reader(io.StringIO(text, newline=""), delimiter="\t" if kind == ".tsv" else ",")
    wrong: list[int] = []
    count = 0
    try:
        header = next(rows, [])
        for row in rows:
            if not row:
                continue
            count += 1
            if len(row) != len(header):
                wrong.append(count)
            yield dict(zip(header, row))
    except csv.Error as error:
        raise FileError(f"{name}: is not a {kind} file: line {rows.line_num}: {error}") from error
    if wrong:
        shown = ", ".join(f"{number:,}" for number in wrong[:_ROWS_SHOWN]) + (", …" if len(wrong) > _ROWS_SHOWN else "")
        warnings.append(
            f"Warning: {name}: {len(wrong):,} of {count:,} rows have not the {len(header)} cells of the header "
            f"(rows {shown}): is a quote or a separator missing?"
        )


def _parsed(text: str, kind: str, wanted: Sequence[Sequence[str]], name: str) -> Iterator[Any]:
    try:
        try:
            values = _lines_of_json(text, kind, name) if kind == ".jsonl" else [json.loads(text)]
        except json.JSONDecodeError as error:
            if error.msg != "Extra data":
                raise
            values = _lines_of_json(text, kind, name)
        for value in values:
            yield from _entries(value, wanted)
    except RecursionError as error:
        raise FileError(f"{name}: is not a {kind} file: it is nested too deeply") from error
    except ValueError as error:
        raise FileError(f"{name}: is not a {kind} file: {error}") from error


def _lines_of_json(text: str, kind: str, name: str) -> list[Any]:
    values = []
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                values.append(json.loads(line))
            except ValueError as error:
                raise FileError(f"{name}: is not a {kind} file: line {number}: {error}") from error
    return values


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
    if isinstance(value, str) and len(value) < _LARGEST_LIST and _LIST_AS_TEXT.fullmatch(value):
        value = _list_of_text(value)
    lines = value if isinstance(value, list) else [value]
    text = "\n".join(line for line in lines if isinstance(line, str))
    return "".join(line.rstrip() + "\n" for line in text.splitlines()) if text.strip() else ""


def _list_of_text(text: str) -> Any:
    """The list that a text spells in Python or JSON; the text itself if it spells none."""
    try:
        return ast.literal_eval(text.strip())
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return text


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
