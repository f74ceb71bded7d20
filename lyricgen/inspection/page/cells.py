"""A text as buttons, one for each character, and visible signs for invisible characters."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterator

from lyricgen.text.vocabulary import UNKNOWN, Ids

_SIGNS = {"\n": "↵", "\t": "⇥"}
_UNSEEN = ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")  # categories of Unicode
_NAMES = {"↵": "line end", "⇥": "tab", "␣": "space"}
# No visual line begins within these: a word, and what closes it.
_PIECE = re.compile(r"(?:[a-zA-ZÀ-ɏЀ-ӿ'’-]{1,24}|.)[,.;:!?，。！？、；：…」』》）”]{0,3}\n?", re.DOTALL)


def cells(text: str, ids: Ids) -> str:
    """Return the buttons of a text with these ids (T,), with a break after each line end."""
    return "".join(_pieces(text, [_cell(visible(char), char_id == UNKNOWN) for char, char_id in zip(text, ids)]))


def _pieces(text: str, buttons: list[str]) -> Iterator[str]:
    for match in _PIECE.finditer(text):
        piece = "".join(buttons[match.start() : match.end()])
        yield f"<span>{piece}</span>" if len(match[0]) > 1 else piece
        if match[0].endswith("\n"):
            yield "<br>"


def _cell(sign: str, is_unknown: bool) -> str:
    name = _NAMES.get(sign, "")
    label = f"{name or html.escape(sign)}, unknown to the model" if is_unknown else name
    kind = ' class="unknown"' if is_unknown else ""
    named = f' aria-label="{label}"' if label else ""
    return f'<button{kind} tabindex="-1"{named}>{html.escape(sign)}</button>'


def visible(character: str) -> str:
    """Make a character visible, whatever is beside it: a sign for white space, a circle below a mark."""
    kind = unicodedata.category(character)
    if character in _SIGNS or kind == "Zs":
        return _SIGNS.get(character, "␣")
    if kind[0] == "M":
        return f"◌{character}"
    return f"U+{ord(character):04X}" if kind in _UNSEEN else character
