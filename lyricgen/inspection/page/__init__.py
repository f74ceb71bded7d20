"""A self-contained page that shows, along a text, the views of the model that read it.

Python writes the text and one JSON value; ``page.js`` does all else, ``page.css`` says how it looks.
"""

from __future__ import annotations

import html
import string
from importlib import resources
from pathlib import Path

from lyricgen import files
from lyricgen.inspection.page.cells import cells
from lyricgen.inspection.page.data import to_json
from lyricgen.inspection.views import Inspection
from lyricgen.model.scoring import show_number

_BYTES, _USUAL = 4_900_000, 2000  # of a page, and of a longer text more for each of its characters


def write(path: Path, inspection: Inspection, *, force: bool) -> None:
    """Write the page of an inspection; FileError if the file cannot be written."""
    page = _page(inspection).encode("utf-8", "replace")
    with files.product(path, force=force) as file:
        file.write(page)


def _page(inspection: Inspection) -> str:
    characters = len(inspection.text)
    fields = {
        "title": html.escape(inspection.title),
        "about": f"perplexity {show_number(inspection.perplexity)} · {characters:,} characters",
        "notes": "".join(f"<li>{html.escape(note)}</li>" for note in inspection.notes),
        "text": cells(inspection.text, inspection.ids),
        "style": _read("page.css"),
        "script": _read("page.js"),
    }
    taken = sum(len(field.encode("utf-8", "replace")) for field in fields.values())
    room = _BYTES * max(characters, _USUAL) // _USUAL - taken
    return string.Template(_read("page.html")).substitute(fields, data=to_json(inspection, room))


def _read(name: str) -> str:
    return resources.files("lyricgen.inspection.page").joinpath(name).read_text("utf-8")
