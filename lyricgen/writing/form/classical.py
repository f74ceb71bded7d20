"""The classical tones of characters, 平 and 仄, as poets rhymed and counted them from the Tang on: not those of today.

They stand in data/tones.txt, from 平水韻 and 廣韻.
"""

from __future__ import annotations

import functools

from lyricgen import files

_FILE = "tones.txt"
_CLASSES = {"平": frozenset("p"), "仄": frozenset("z"), "平仄": frozenset("pz")}


def tones(character: str) -> frozenset[str]:
    """``p`` (平), ``z`` (仄: 上, 去 and 入) or both, simplified or traditional; none if the old books lack it."""
    return _table().get(character, frozenset())


@functools.cache
def _table() -> dict[str, frozenset[str]]:
    table: dict[str, frozenset[str]] = {}
    now: frozenset[str] = frozenset()
    for row in files.shipped(_FILE).read_text("utf-8").splitlines():
        if row in _CLASSES:
            now = _CLASSES[row]
        elif not row.startswith("#"):
            table |= dict.fromkeys(row, now)
    return table
