"""Collections of lyrics as they are passed around: .json, .jsonl and .csv, of which one field is a song."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from lyricgen.errors import FileError

SUFFIXES = (".json", ".jsonl", ".csv")
_SHOWN = 20  # fields in a message


def songs(text: str, kind: str, field: str | None, name: str) -> Iterator[str]:
    """The songs of a file of that kind (a suffix), each a text with its line ends; blank lines end stanzas.

    A field's value is a text, or a list of lines. FileError if the file is no such file, or none of its entries has the
    field; without a field, the message lists those that there are.
    """
    entries = list(_entries(text, kind, field, name))
    if field is None:
        fields = _fields(entries) or "it has none"
        raise FileError(f"{name}: which field is the song? lyricgen prepare --field NAME reads it, of: {fields}")
    found = [words for words in (_words(entry.get(field)) for entry in entries) if words]
    if not found:
        raise FileError(
            f"{name}: no entry has text in its field {field!r} (--field); it has {_fields(entries) or 'none'}"
        )
    return iter(found)


def _entries(text: str, kind: str, field: str | None, name: str) -> Iterator[Mapping[str, Any]]:
    try:
        if kind == ".csv":
            yield from csv.DictReader(io.StringIO(text))
            return
        values = (
            [json.loads(text)] if kind == ".json" else [json.loads(line) for line in text.splitlines() if line.strip()]
        )
    except RecursionError as error:
        raise FileError(f"{name}: is not a {kind} file: it is nested too deeply") from error
    except (ValueError, csv.Error) as error:
        raise FileError(f"{name}: is not a {kind} file: {error}") from error
    for value in values:
        entries = _objects(value, field) if kind == ".json" else [value]
        yield from (each for each in entries if isinstance(each, dict))


def _objects(value: Any, field: str | None) -> Iterable[Any]:
    """A list's own; those of the one list of objects that an object without the field holds; else the value itself."""
    if isinstance(value, dict):
        lists = [each for each in value.values() if isinstance(each, list) and each and isinstance(each[0], dict)]
        return lists[0] if len(lists) == 1 and field not in value else [value]
    return value if isinstance(value, list) else []


def _words(value: Any) -> str:
    lines = value if isinstance(value, list) else [value]
    text = "\n".join(each for each in lines if isinstance(each, str))
    return "".join(line.rstrip() + "\n" for line in text.splitlines()) if text.strip() else ""


def _fields(entries: Iterable[Mapping[str, Any]]) -> str:
    names = dict.fromkeys(str(name) for entry in entries for name, value in entry.items() if _words(value))
    return ", ".join(list(names)[:_SHOWN])
