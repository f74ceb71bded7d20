"""The page of what is seen in a model: its data, its escapes, its size, and what a browser makes of it."""

from __future__ import annotations

import dataclasses
import json
import re
import shutil
import subprocess
from base64 import b64decode
from html import escape, unescape
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from lyricgen.inspection import page
from lyricgen.inspection.views import Expectation, Gates, Inspection, Like, Memory, States
from lyricgen.text.vocabulary import Vocabulary

TEXT = '月亮 a\n\u0301<b>&"🎵龙'  # a space, a line end, a mark, markup, an emoji, and a character without an id
T, H, K, P = len(TEXT), 3, 4, 2
VOCABULARY = Vocabulary("".join(sorted(set(TEXT) - {"龙"})))
LINES = ("<i>那一天", "我们</script>")
Random = np.random.Generator


def expectation(rng: Random, name: str, length: int = T) -> Expectation:
    guesses = rng.permuted(np.tile(np.arange(len(VOCABULARY)), (length - 1, 1)), axis=1)[:, :5]
    shares = np.sort(rng.dirichlet(np.ones(6), length - 1)[:, :5])[:, ::-1]
    return Expectation(name, rng.exponential(4, length - 1), guesses, shares)


def states(rng: Random, name: str, length: int = T, hidden: int = H, scale: float = 1.0) -> States:
    values = rng.uniform(-scale, scale, (length, hidden)).astype(np.float32)
    follows = tuple("" if unit % 2 else "<the end>" for unit in range(hidden))
    return States(name, values, follows, rng.uniform(-1, 1, hidden), rng.permutation(hidden))


def gates(rng: Random, name: str, length: int = T, hidden: int = H) -> Gates:
    values = {gate: rng.uniform(0, 1, (length, hidden)).astype(np.float32) for gate in ("input", "forget", "output")}
    half_lives = np.geomspace(0.3, 300, hidden)
    half_lives[-1] = np.inf
    return Gates(name, values, "forget", half_lives)


def like(rng: Random, length: int = T) -> Like:
    lines = rng.integers(len(LINES), size=(length, P))
    columns = rng.integers([[len(LINES[line]) + 1 for line in row] for row in lines.tolist()])
    similarity = rng.uniform(-1, 1, (length, P)).astype(np.float32)
    return Like(LINES, np.stack([lines, columns], axis=2), similarity, 1000, 20000)


def inspection(text: str = TEXT, hidden: int = H, followed: int = K) -> Inspection:
    rng, length = np.random.default_rng(1), len(text)
    seen = tuple(expectation(rng, name, length) for name in ("the text before", "the text behind", "both sides"))
    layer = (
        states(rng, "layer 1, hidden state", length, hidden),
        states(rng, "layer 1, memory cell", length, hidden, 3.0),
    )
    opened = (gates(rng, "layer 1", length, hidden),)
    memory = [rng.exponential(1, (length - 1, followed)).astype(np.float32) for _ in range(2)]
    memory[0][:, -1] = 0
    memory[0][0, 1:] = 0
    return Inspection(
        "$text <i>",
        text,
        VOCABULARY.encode(text),
        VOCABULARY,
        12.345,
        seen,
        layer,
        opened,
        Memory(memory[0], memory[1]),
        like(rng, length),
        ("nothing of <n-grams>",),
    )


SEEN = inspection()


def written(seen: Inspection, folder: Path) -> str:
    page.write(folder / "page.html", seen, force=True)
    return (folder / "page.html").read_text("utf-8")


def data_of(text: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(text.split('id="data">')[1].split("</script>")[0])
    return found


def array(encoded: str, dtype: str, width: int) -> NDArray[np.float64]:
    return np.frombuffer(b64decode(encoded), dtype).reshape(-1, width).astype(np.float64)


@pytest.fixture
def data(tmp_path: Path) -> dict[str, Any]:
    return data_of(written(SEEN, tmp_path))


def test_expectations_are_in_the_page(data: dict[str, Any]) -> None:
    for found, each in zip(data["expectations"], SEEN.expectations):
        assert found["name"] == each.name
        np.testing.assert_allclose(found["bits"], each.bits, atol=0.005)
        np.testing.assert_array_equal(found["guesses"], each.guesses.ravel())
        np.testing.assert_allclose(np.array(found["shares"]) / 1000, each.shares.ravel(), atol=0.0005)
    signs = {VOCABULARY.id_to_char[int(char_id)]: sign for char_id, sign in data["signs"].items()}
    shown = {"\ufffd": "", "\n": "↵", " ": "␣", "\u0301": "◌\u0301"}
    assert signs == {character: shown.get(character, character) for character in VOCABULARY.id_to_char}


def test_units_are_in_the_page(data: dict[str, Any]) -> None:
    for found, each in zip(data["states"], SEEN.states):
        assert found["order"] == each.order.tolist()
        assert found["follows"] == [each.follows[unit] for unit in each.order]
        np.testing.assert_allclose(found["correlation"], each.correlation[each.order], atol=0.0051)
        values = array(found["values"], "i1", T) * np.array(found["scale"])[:, None]
        largest = np.abs(each.values).max(axis=0)[each.order]
        np.testing.assert_array_less(np.abs(values - each.values.T[each.order]) / largest[:, None], 0.005)


def test_gates_are_in_the_page_in_the_order_of_the_units(data: dict[str, Any]) -> None:
    (found,), each, order = data["gates"], SEEN.gates[0], SEEN.states[0].order
    assert (found["states"], found["order"], found["keeps"]) == (0, order.tolist(), "forget")
    for name, values in each.values.items():
        np.testing.assert_allclose(array(found["values"][name], "u1", T) / 255, values.T[order], atol=0.002)
        np.testing.assert_allclose(found["means"][name], values.mean(axis=1), atol=0.0006)
    assert found["half_lives"] == [0.3, pytest.approx(9.49, abs=0.01), None]
    alone = data_of_gates_alone()
    assert (alone["states"], alone["order"]) == (None, [2, 1, 0]), "those that keep longest first"


def data_of_gates_alone() -> dict[str, Any]:
    from lyricgen.inspection.page.data import to_json

    found: dict[str, Any] = json.loads(to_json(dataclasses.replace(SEEN, states=()), 10**6))["gates"][0]
    return found


def test_shares_of_the_gradient_are_in_the_page(data: dict[str, Any]) -> None:
    memory = SEEN.memory
    assert memory is not None
    assert memory.behind is not None
    widths = [data["memory"][side]["width"] for side in ("before", "behind")]
    assert widths == [K - 1, K], "the last column has nothing"
    total = np.array(data["memory"]["total"])[:, None]
    whole = np.concatenate([memory.before, memory.behind], axis=1).sum(axis=1, keepdims=True)
    for side, width in zip(("before", "behind"), widths):
        shares = array(data["memory"][side]["values"], "u1", width) / 255 / total
        np.testing.assert_allclose(shares, getattr(memory, side)[:, :width] / whole, atol=0.005)


def test_places_of_the_training_text_are_in_the_page(data: dict[str, Any]) -> None:
    assert SEEN.like is not None
    for found, (line, column) in zip(data["like"]["places"], SEEN.like.places.reshape(-1, 2)):
        before, sign, behind = data["like"]["excerpts"][found]
        ended = column == len(LINES[line])
        assert before + ("" if ended else sign) + behind == LINES[line]
        assert len(before) == column
        assert ended == (sign == "↵")
    np.testing.assert_allclose(data["like"]["similarity"], SEEN.like.similarity.ravel(), atol=0.0006)


def test_nothing_is_unescaped_or_from_elsewhere(tmp_path: Path) -> None:
    text = written(SEEN, tmp_path)
    assert text.count("<button") == T
    assert text.count("$text &lt;i&gt;") == 2, "the title, word for word"
    assert not re.search(r"<b>|<i>[^<]|<the end>|<n-grams>|\ufffd", text)
    assert text.count("</script>") == 2
    assert "http" not in text
    assert "@import" not in text


def test_a_part_that_is_missing_is_not_written(tmp_path: Path) -> None:
    only = data_of(written(dataclasses.replace(SEEN, states=(), gates=(), memory=None, like=None), tmp_path))
    assert (only["states"], only["gates"], only["memory"], only["like"]) == ([], [], None, None)
    nothing = Memory(np.zeros((T - 1, K), np.float32), None)
    memory = data_of(written(dataclasses.replace(SEEN, memory=nothing), tmp_path))["memory"]
    assert memory == {"followed": K, "total": [0] * (T - 1), "before": {"width": 0, "values": ""}}


def test_a_large_network_leaves_out_the_least_clear_units(tmp_path: Path) -> None:
    """Two thousand characters, 1,024 units, an LSTM's arrays, and neither places nor shares that could be shorter."""
    seen = inspection((TEXT * 200)[:2000], 1024, 100)
    text = written(seen, tmp_path)
    assert 4_500_000 < len(text.encode("utf-8")) < 5_000_000
    found = data_of(text)
    kept = len(found["states"][0]["order"])
    assert 150 < kept < 1024
    for each, source in zip(found["states"], seen.states):
        assert each["order"] == source.order[:kept].tolist()
        assert each["of"] == 1024
    assert len(b64decode(found["gates"][0]["values"]["output"])) == 2000 * kept
    assert len(found["gates"][0]["half_lives"]) == 1024


DRIVE = (Path(__file__).parent / "drive_page.js").read_text("utf-8")
# Of a page with one view: what its bars of tabs and controls hold, and its panel.
ALONE = "parent.tell({alone: ['tabs', 'controls', 'status'].map(id => element(id).textContent)})"
TELL = """<script>
const seen = {};
function tell(more) { document.title = JSON.stringify(Object.assign(seen, more)); }
</script>"""


def browse(folder: Path, *pages: tuple[str, str]) -> Any:
    """What scripts behind pages tell their window, each page in a frame as wide as a small telephone."""
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if browser is None:
        pytest.skip("no Chromium here; the page was only read as text")
    frames = [escape(text.replace("</html>", f"<script>{script}</script></html>")) for text, script in pages]
    frames = [f'<iframe width="360" height="480" srcdoc="{frame}"></iframe>' for frame in frames]
    window = f'<!DOCTYPE html><meta charset="utf-8"><title></title>{TELL}{"".join(frames)}'
    (folder / "browse.html").write_text(window, "utf-8")
    command = [
        browser,
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--no-first-run",
        "--disable-background-networking",
        f"--user-data-dir={folder / 'browser'}",
        "--virtual-time-budget=1000",
        "--dump-dom",
        (folder / "browse.html").as_uri(),
    ]
    shown = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", timeout=60, check=False).stdout
    return json.loads(unescape(shown.split("<title>")[1].split("</title>")[0]))


@pytest.mark.process
def test_a_browser_shows_every_view(tmp_path: Path) -> None:
    """One start: keys, clicks and a mouse go through all views; what is told agrees with the arrays."""
    only = dataclasses.replace(SEEN, expectations=SEEN.expectations[:1], states=(), gates=(), memory=None, like=None)
    seen = browse(tmp_path, (written(only, tmp_path), ALONE), (written(SEEN, tmp_path), DRIVE))
    tabs, controls, told = seen["alone"]
    assert (tabs, controls, told.count("%")) == ("", "", 5)
    assert seen["tabs"] == ["Expectation", "Units", "Gates", "Memory", "Like this"]
    assert seen["width"] == [360] * 6
    assert seen["heights"] == [1] * 6, "the panel does not jump"
    assert seen["hidden"] is False, "the panel leaves the end of the text free"
    assert seen["small"] == []
    right, again, left, down, up, *ends = seen["moves"]
    assert (right, again, left, ends) == (1, 2, 1, [T - 1, 0])
    assert up < TEXT.index("\n") < down < T
    check_expectation(seen)
    check_units(seen)
    check_gates(seen)
    check_memory(seen)
    check_like(seen)


def check_expectation(seen: dict[str, Any]) -> None:
    at = 6
    for each, told in zip(SEEN.expectations, seen["rows"]):
        assert told.startswith(f"{each.bits[at - 1]:.2f} bits")
        assert each.name in told
        shares = [float(share) for share in re.findall(r"([\d.]+)%", told)]
        np.testing.assert_allclose(shares, 100 * each.shares[at - 1], atol=0.56)
    depths = np.minimum(np.concatenate([[0], SEEN.expectations[0].bits]) / 12, 1)
    np.testing.assert_allclose(seen["expectation"], depths, atol=0.006)
    assert seen["pressed"] == "the text before"
    assert "–" in seen["first"]


def check_units(seen: dict[str, Any]) -> None:
    hidden, cell = SEEN.states
    unit = hidden.order[1]
    assert seen["unit"].startswith(f"unit {unit + 1} (2 of {H}): follows ")
    assert ("follows nothing" in seen["unit"]) == (not hidden.follows[unit])
    assert float(seen["activation"].replace("−", "-")) == pytest.approx(float(hidden.values[6, unit]), abs=0.01)
    unit = cell.order[0]
    assert seen["cell"].startswith(f"unit {unit + 1} (1 of {H})")
    signs = np.sign(cell.values[:, unit])
    np.testing.assert_array_equal(np.sign(seen["units"]), signs)
    np.testing.assert_allclose(seen["units"], cell.values[:, unit] / np.abs(cell.values[:, unit]).max(), atol=0.02)


def check_gates(seen: dict[str, Any]) -> None:
    (layer,) = SEEN.gates
    for values, told in zip(layer.values.values(), seen["means"]):
        assert float(told) == pytest.approx(float(values[6].mean()), abs=0.006)
    unit = SEEN.states[0].order[-1]
    for values, told in zip(layer.values.values(), seen["gates"]):
        assert float(told) == pytest.approx(float(values[6, unit]), abs=0.008)
    np.testing.assert_allclose(seen["open"], layer.values["output"][:, unit], atol=0.008)
    assert seen["bars"] == ["1", "", "", "", "", "1", "", "", "", "1"]
    assert seen["marked"] == [0, 5, 9][unit]
    assert "below 0.5: 1" in seen["histogram"]
    assert seen["histogram"].count("(this unit)") == 1


def check_memory(seen: dict[str, Any]) -> None:
    assert SEEN.memory is not None
    assert SEEN.memory.behind is not None
    at, shares = 6, {}
    for side, direction in ((SEEN.memory.before, -1), (SEEN.memory.behind, 1)):
        shares.update({at + direction * (k + 1): float(side[at - 1, k]) for k in range(K)})
    total = sum(shares.values())
    depths = [shares.get(place, 0) / max(shares.values()) for place in range(T)]
    np.testing.assert_allclose(seen["memory"], depths, atol=0.01)
    best = sorted(shares, key=lambda place: -shares[place])[:5]
    for place, told in zip(best, seen["depends"]):
        assert told.endswith(f"{at - place} back" if place < at else f"{place - at} ahead")
        assert float(told.split("%")[0].split()[-1]) == pytest.approx(100 * shares[place] / total, abs=1)
    assert "gradient" in seen["measured"]


def check_like(seen: dict[str, Any]) -> None:
    assert SEEN.like is not None
    for (line, column), cosine, told in zip(SEEN.like.places[6].tolist(), SEEN.like.similarity[6], seen["like"]):
        assert told[0] == LINES[line][:column]
        assert told[1] == (LINES[line][column : column + 1] or "↵")
        assert float(told[3].replace("−", "-")) == pytest.approx(float(cosine), abs=0.006)
    assert "Searched 1,000 of 20,000 characters" in seen["searched"]
