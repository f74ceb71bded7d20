"""``evaluate --html``: one page without anything from elsewhere, on which a text shows how surprising it is."""

from __future__ import annotations

import html
import json
import math
import string
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lyricgen import files
from lyricgen.errors import FileError
from lyricgen.text.vocabulary import UNKNOWN

if TYPE_CHECKING:
    from lyricgen.model.bidirectional import Bidirectional
    from lyricgen.model.decoder import Decoder
    from lyricgen.model.evaluation import Text
    from lyricgen.text.vocabulary import Ids, Vocabulary

GUESSES = 5
MOST = 20_000  # characters; a browser holds no more of them well
_BITS = 12.0  # of the deepest colour


def write(
    path: Path, model: Decoder | Bidirectional, vocabulary: Vocabulary, measured: Text, *, title: str, force: bool
) -> None:
    """Write the page of a text; FileError if it is too long or the file cannot be written."""
    if len(measured.text) > MOST:
        raise FileError(f"--html: {len(measured.text):,} characters are too many for a page, {MOST:,} are the most")
    page = _page(title, measured, _figures(model, vocabulary, measured.ids))
    with files.product(path, force=force) as file:
        file.write(page.encode("utf-8", "replace"))


def _figures(model: Decoder | Bidirectional, vocabulary: Vocabulary, ids: Ids) -> list[list[Any]]:
    """For every character after the first: its bits, and the guesses with their shares."""
    from lyricgen.model.probability import softmax
    from lyricgen.model.scoring import next_logits

    figures = []
    for logits, char_id in zip(next_logits(model, ids), ids[1:]):
        shares = softmax(logits[None].astype(np.float64))[0]
        best = np.argsort(-shares, kind="stable")[:GUESSES]
        guesses = [
            ["" if guess == UNKNOWN else vocabulary.id_to_char[guess], round(float(shares[guess]), 4)] for guess in best
        ]
        figures.append([round(-math.log2(max(float(shares[char_id]), 1e-300)), 2), guesses])
    return figures


def _page(title: str, measured: Text, figures: list[list[Any]]) -> str:
    cells = [f"<i>{_cell(measured.text[0])}</i>"]
    for at, (character, char_id, (bits, _)) in enumerate(zip(measured.text[1:], measured.ids[1:], figures)):
        depth = min(bits / _BITS, 1.0)
        kind, note = (' class="unknown"', ", unknown to the model") if char_id == UNKNOWN else ("", "")
        cells.append(
            f'<button{kind} tabindex="{0 if at == 0 else -1}" style="--s:{depth:.2f}" '
            f'aria-label="{_name(character)}, {bits} bits{note}">{_cell(character)}</button>'
        )
        if character == "\n":
            cells.append("<br>")
    data = json.dumps(figures, ensure_ascii=False).replace("<", "\\u003c")
    return string.Template(_TEMPLATE).substitute(title=html.escape(title), text="".join(cells), data=data)


def _cell(character: str) -> str:
    return {"\n": "↵", " ": "␣"}.get(character, html.escape(character))


def _name(character: str) -> str:
    return {"\n": "line end", " ": "space"}.get(character, html.escape(character))


_TEMPLATE = """<!DOCTYPE html>
<html lang="zh">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>$title</title>
<style>
:root { --paper: #fffdf8; --ink: #1d1b18; --hot: #e4572e; --edge: #8a8378; }
@media (prefers-color-scheme: dark) { :root { --paper: #171613; --ink: #ece7dd; --hot: #d9542b; --edge: #7c766b; } }
body { margin: 0 auto; max-width: 46rem; padding: 1.5rem 1rem 9rem; background: var(--paper); color: var(--ink);
  font: 1.15rem/1.9 "Noto Serif CJK SC", "Songti SC", "SimSun", serif; }
h1 { font-size: 1.1rem; font-weight: 600; }
p { font-size: .9rem; line-height: 1.5; }
#text button, #text i { font: inherit; font-style: normal; color: inherit; border: 0; margin: 0; padding: .1em .06em;
  border-radius: .15em; background: color-mix(in srgb, var(--hot) calc(var(--s, 0) * 85%), transparent);
  cursor: pointer; }
#text .unknown { text-decoration: underline dotted; text-underline-offset: .2em; }
#text button:focus-visible, #text button.on { outline: 2px solid var(--ink); outline-offset: 1px; }
#status { position: fixed; inset: auto 0 0 0; min-height: 4.5rem; padding: .7rem 1rem; background: var(--paper);
  border-top: 1px solid var(--edge); font-size: 1rem; line-height: 1.6; text-align: center; }
#status b { font-weight: 600; } #status span { white-space: nowrap; margin: 0 .6em; }
</style>
<h1>$title</h1>
<p>The deeper the colour, the less the model expected the character. Point at one, tap it, or move with the arrow keys:
below stands what it expected. A dotted line: the model does not know the character.
颜色越深，模型越没有料到；下有点线：模型不认识的字。</p>
<main id="text">$text</main>
<div id="status" role="status" aria-live="polite"></div>
<script>
const figures = $data, cells = [...document.querySelectorAll("#text button")];
const panel = document.getElementById("status");
let at = 0;
const shown = c => c === "" ? "(unknown)" : c === "\\n" ? "↵" : c === " " ? "␣" : c;
function tell(i) {
  cells[at].tabIndex = -1; cells[at].classList.remove("on");
  at = i; cells[at].tabIndex = 0; cells[at].classList.add("on");
  panel.replaceChildren();
  const bits = document.createElement("b");
  bits.textContent = `$${cells[i].textContent}  $${figures[i][0]} bits`;
  panel.append(bits, document.createElement("br"));
  for (const [character, share] of figures[i][1]) {
    const guess = document.createElement("span");
    guess.textContent = `$${shown(character)} $${(100 * share).toFixed(1)}%`;
    panel.append(guess);
  }
}
cells.forEach((cell, i) => {
  cell.addEventListener("mouseenter", () => tell(i));
  cell.addEventListener("focus", () => tell(i));
  cell.addEventListener("click", () => tell(i));
});
document.getElementById("text").addEventListener("keydown", event => {
  const move = {ArrowRight: 1, ArrowLeft: -1, ArrowDown: 20, ArrowUp: -20, Home: -1e9, End: 1e9}[event.key];
  if (!move) return;
  event.preventDefault();
  cells[Math.max(0, Math.min(cells.length - 1, at + move))].focus();
});
if (cells.length) tell(0);
</script>
</html>
"""
