"""How often each song is written, by enumeration: a toy's songs against the distribution that they are drawn from."""

from __future__ import annotations

import functools
import itertools
from collections import defaultdict
from typing import Any, Callable

import numpy as np
import pytest
from support.toy import (
    Asked,
    Toy,
    Weigh,
    cut,
    following,
    free,
    greedy,
    guide,
    line_by_line,
    lines,
    model,
    ngrams,
    normalised,
    per_character,
    surprise,
    times,
    within,
)

from lyricgen.writing import filling
from lyricgen.writing.drafts import END, FIRST
from lyricgen.writing.search.drafting import FEWEST
from lyricgen.writing.search.drafting import MOST as MOST_CHARACTERS

MOST = 4.5  # standard deviations of chi-square; what is right stays below 3
SONGS = 1000
CLASSES = ("山天", "阳香")
TWO_LINES = Asked((2, 2), "AA", CLASSES)
CONTROLS: list[dict[str, Any]] = [
    {},
    {"temperature": 0.5},
    {"temperature": 2.0},
    {"top_k": 3},
    {"top_p": 0.7},
    {"temperature": 1.5, "top_k": 4, "top_p": 0.8},
    {"temperature": 0.5, "top_k": 4, "top_p": 0.9},
]


@pytest.fixture(scope="module")
def toy() -> Toy:
    return Toy("\n山天阳香", spread=1.0)


@pytest.fixture(scope="module")
def pausing() -> Toy:
    """It knows a comma, too."""
    return Toy("\n，山天阳香", spread=1.0)


def controlled(toy: Toy, *may_stand: Callable[[str], bool], **controls: Any) -> Weigh:
    """What the options that shape a draw leave of the model's probabilities."""
    shape = {"temperature": controls.get("temperature", 1.0)}
    cuts = {name: controls[name] for name in ("top_k", "top_p") if name in controls}
    return cut(within(model(toy, **shape), *may_stand), **cuts)


def guided(toy: Toy, asked: Asked, *may_stand: Callable[[str], bool], **controls: Any) -> Weigh:
    """What a single draft is drawn from."""
    worth = guide(toy, asked, temperature=controls.get("temperature", 1.0))
    return per_character(times(controlled(toy, asked, *may_stand, **controls), worth))


def repeats_nothing(n: int) -> Callable[[str], bool]:
    """Whether no ``n`` counted characters in a row occur twice in the lines of a text."""

    def may_stand(text: str) -> bool:
        found = [gram for line in text.split("\n") for gram in ngrams(line, n)]
        return len(found) == len(set(found))

    return may_stand


# -- songs of which nothing is asked


@pytest.mark.parametrize("controls", CONTROLS, ids=str)
def test_free_songs(controls: dict[str, Any], toy: Toy) -> None:
    expected = free(controlled(toy, **controls), 3)
    assert surprise(toy.songs(SONGS, length=3, **controls), expected) < MOST


def test_free_songs_go_on_from_their_prefix(toy: Toy) -> None:
    weigh = following(controlled(toy), "山天")
    expected = {f"山天{song}": p for song, p in free(weigh, 2).items()}
    assert surprise(toy.songs(SONGS, prefix="山天", length=2), expected) < MOST


@pytest.mark.parametrize("n", [1, 2])
def test_no_repeat_forbids_what_would_stand_twice_and_nothing_else(n: int, toy: Toy) -> None:
    expected = free(controlled(toy, repeats_nothing(n)), 4)
    assert surprise(toy.songs(SONGS, length=4, no_repeat=n), expected) < MOST


def test_banned_words_never_occur_and_nothing_else_is_forbidden(toy: Toy) -> None:
    expected = free(controlled(toy, lambda song: not any(word in song for word in ("香", "天天", "山天山"))), 4)
    assert surprise(toy.songs(SONGS, length=4, ban="香,天天，山天山,月亮"), expected) < MOST


@pytest.mark.parametrize("temperature", [0.5, 1.0])
def test_a_missing_word_goes_where_it_is_probable_and_the_rest_is_written_anew(temperature: float, toy: Toy) -> None:
    draw, own = controlled(toy, temperature=temperature), model(toy)

    def with_word(draft: str) -> dict[str, float]:
        places = {at: own(draft[:at])["山"] * own(draft[:at] + "山")["香"] for at in range(3)}
        found: dict[str, float] = defaultdict(float)
        for at, p in normalised({at: p ** (1 / temperature) for at, p in places.items()}).items():
            begun = draft[:at] + "山香"
            for rest, q in free(following(draw, begun), 4 - len(begun)).items():
                found[begun + rest] += p * q
        return found

    expected: dict[str, float] = defaultdict(float)
    for draft, p in free(draw, 4).items():
        for song, q in ({draft: 1.0} if "山香" in draft else with_word(draft)).items():
            expected[song] += p * q
    assert surprise(toy.songs(SONGS, length=4, words="山香", temperature=temperature), expected) < MOST


COMPANY = "\n\n".join(["香阳天"] * 20 + ["山天"] * 20)


def themed(strength: float) -> Callable[[str, str], float]:
    """What a character is worth with the theme 香: of 100 characters 60 are near it, 20 of each kind."""
    pmi = {"香": 22 / (20 * 0.6 + 2), "阳": 22 / (20 * 0.6 + 2), "天": 22 / (40 * 0.6 + 2), "山": 2 / (20 * 0.6 + 2)}
    gains = {character: np.log(max(quotient / 1.5, 1)) for character, quotient in pmi.items()}
    return lambda text, character: float(np.exp(0 if character in text else strength * gains.get(character, 0)))


@pytest.mark.parametrize("strength", [2.0, 30.0])
def test_what_keeps_company_with_a_theme_is_likelier(
    strength: float, toy: Toy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lyricgen.writing.search.theme.STRENGTH", np.float32(strength))
    asked: dict[str, Any] = {"theme": "香", "text": COMPANY}
    assert surprise(toy.songs(SONGS, length=4, **asked), free(times(model(toy), themed(strength)), 4)) < MOST
    weigh = per_character(times(times(within(model(toy), TWO_LINES), themed(strength)), guide(toy, TWO_LINES)))
    assert surprise(toy.songs(SONGS, form="2,2", rhyme="AA", **asked), line_by_line(weigh, 2)) < MOST


def test_a_theme_counts_before_the_temperature(toy: Toy) -> None:
    weigh = times(model(toy, temperature=0.5), themed(2.0 / 0.5))
    found = toy.songs(SONGS, length=3, temperature=0.5, theme="香", text=COMPANY)
    assert surprise(found, free(weigh, 3)) < MOST


@pytest.mark.parametrize("n", [1, 2])
def test_max_copy_forbids_what_would_be_longer_and_nothing_else(n: int, toy: Toy) -> None:
    text = "\n山天阳香山山\n天天"
    copies = {text[at : at + n + 1] for at in range(len(text) - n)}
    expected = free(controlled(toy, lambda song: not any(copy in f"\n{song}" for copy in copies)), 3)
    assert surprise(toy.songs(SONGS, length=3, max_copy=n, text=text), expected) < MOST


# -- songs that keep a form


@pytest.mark.parametrize("controls", CONTROLS, ids=str)
def test_lines_that_rhyme(controls: dict[str, Any], toy: Toy) -> None:
    expected = line_by_line(guided(toy, TWO_LINES, **controls), 2)
    assert surprise(toy.songs(SONGS, form="2,2", rhyme="AA", **controls), expected) < MOST


def test_the_likeliest_character_each_time_at_temperature_0(toy: Toy) -> None:
    (expected,) = line_by_line(greedy(guided(toy, TWO_LINES, temperature=0.0)), 2)
    assert set(toy.songs(3, form="2,2", rhyme="AA", temperature=0.0)) == {expected}
    (expected,) = free(greedy(model(toy)), 4)
    assert set(toy.songs(3, length=4, temperature=0.0)) == {expected}


def test_lines_that_a_prefix_began(toy: Toy) -> None:
    weigh = following(guided(toy, TWO_LINES), "山")
    expected = {f"山{song}": p for song, p in line_by_line(weigh, 2).items()}
    assert surprise(toy.songs(SONGS, prefix="山", form="2,2", rhyme="AA"), expected) < MOST


def test_lines_with_pauses(pausing: Toy) -> None:
    asked = Asked((2,), "A", CLASSES)
    assert surprise(pausing.songs(SONGS, form="2", rhyme="A"), line_by_line(guided(pausing, asked), 1)) < MOST


def test_lines_longer_than_what_is_guided() -> None:
    toy = Toy("\n山天香", seed=4, spread=3.0)
    asked = Asked((4, 1), "", ("山天", "香"))
    assert surprise(toy.songs(SONGS, form="4,1"), line_by_line(guided(toy, asked), 2)) < MOST


@pytest.mark.parametrize("n", [1, 2])
def test_no_repeat_in_lines(n: int, toy: Toy) -> None:
    asked = Asked((2, 1) if n == 1 else (2, 2), "", CLASSES)
    expected = line_by_line(guided(toy, asked, repeats_nothing(n)), 2)
    assert surprise(toy.songs(SONGS, form=",".join(map(str, asked.lengths)), no_repeat=n), expected) < MOST


@pytest.mark.parametrize("identical", [False, True])
@pytest.mark.parametrize("strict", [False, True])
def test_rhymes_strict_and_identical(strict: bool, identical: bool) -> None:
    """山 rhymes with 天 and 边, but ends in -an, they in -ian; so it is with 光 (-uang), 阳 and 香 (-iang)."""
    toy = Toy("\n山天边光阳香", spread=0.7)
    asked = Asked((1, 1), "AA", ("山", "天边", "光", "阳香") if strict else ("山天边", "光阳香"), identical)
    expected = line_by_line(guided(toy, asked), 2)
    found = toy.songs(SONGS, form="1,1", rhyme="AA", rhyme_by="final" if strict else "group", rhyme_identical=identical)
    assert set(found) == set(expected)
    assert surprise(found, expected) < MOST


def test_letters_of_a_scheme_do_not_rhyme_with_each_other() -> None:
    toy = Toy("\n山天阳香水灰", spread=0.7)
    asked = Asked((1, 1, 1, 1), "ABBA", ("山天", "阳香", "水灰"))
    found, expected = toy.songs(SONGS, form="1,1,1,1", rhyme="ABBA"), line_by_line(guided(toy, asked), 4)
    assert set(found) == set(expected)
    assert surprise(found, expected) < MOST


@pytest.mark.parametrize(
    ("scheme", "classes"), [("AA", ("山天", "水")), ("AB", ("山天", "阳香"))], ids=["no partner", "another letter"]
)
def test_characters_that_can_end_no_first_line_of_a_rhyme(scheme: str, classes: tuple[str, ...]) -> None:
    """They are left out before the draw: another distribution than that of lines drawn until one rhymes."""
    toy, asked = Toy("".join(["\n", *classes]), spread=0.5), Asked((2, 2), scheme, classes)
    toy.favour("\n山", classes[-1][0], 3)
    assert surprise(toy.songs(SONGS, form="2,2", rhyme=scheme), line_by_line(guided(toy, asked), 2)) < MOST


def test_characters_that_rhyme_in_some_of_their_readings_only() -> None:
    """行 is hang in 银行 and rhymes with 光 and 香, and is xing elsewhere."""
    toy = Toy("\n光香行银", spread=0.7)
    asked = Asked((2, 2), "AA", ("光香行", "银"))

    def is_read_so(text: str) -> bool:
        return all(line[1:] != "行" or line == "银行" for line in text.split("\n"))

    found, expected = toy.songs(SONGS, form="2,2", rhyme="AA"), line_by_line(guided(toy, asked, is_read_so), 2)
    assert surprise(found, expected) < MOST


LEVEL, OBLIQUE = "山天阳", "水月"


@pytest.mark.parametrize(("tones", "scheme"), [("pzzp,zp", "-A"), ("xzpp,px", "AA"), ("ppzpz", "")])
def test_lines_with_tones(tones: str, scheme: str) -> None:
    """Both within a line and at its end the guide knows the tones of the next characters."""
    toy, either = Toy(f"\n{LEVEL}{OBLIQUE}", seed=3, spread=0.8), LEVEL + OBLIQUE
    places = tuple(tuple({"p": LEVEL, "z": OBLIQUE, "x": either}[tone] for tone in line) for line in tones.split(","))
    asked = Asked(tuple(map(len, places)), scheme, ("山天", "阳", "水", "月"), tones=places)
    found = toy.songs(SONGS, form=tones, **({"rhyme": scheme} if scheme else {}))
    expected = line_by_line(guided(toy, asked), len(places))
    assert set(found) <= set(expected)
    assert surprise(found, expected) < MOST


def test_tones_of_characters_with_several_readings() -> None:
    """长 is level alone and oblique in 长大 and 长了; so is 大. 了 alone is neutral and may stand anywhere."""
    toy = Toy("\n长大天了", spread=0.5)
    lines = {"".join(each) for each in itertools.product("长大天了", repeat=2)}
    grown = {"长大", "长了"}
    assert set(toy.songs(SONGS, form="zx")) == {line for line in lines if line in grown or line[0] in "大了"}
    assert set(toy.songs(SONGS, form="px")) == {line for line in lines if line[0] in "长天了"} - {*grown, "了了"}


def within_length(length: int) -> Callable[[str], bool]:
    """Whether a text can become two lines of ``length`` characters at most, the end between them counted."""

    def may_stand(text: str) -> bool:
        found = text.split("\n")
        if len(found) == 3:
            return bool(found[1]) and not found[2]
        return all(found[:-1]) and len(text) + (not found[-1]) + 2 * (2 - len(found)) <= length

    return may_stand


def test_lines_of_any_length(toy: Toy) -> None:
    expected = line_by_line(per_character(controlled(toy, within_length(5))), 2)
    assert surprise(toy.songs(SONGS, lines=2, length=5), expected) < MOST


def test_drafts_that_do_not_rhyme_are_rewritten() -> None:
    """A line is as long as its draft and keeps its beginning; the last characters, as many as are guided, are new."""
    toy = Toy("\n山天香", spread=1.0)
    for before in itertools.product("山天香", repeat=2):
        toy.favour("".join(before), "\n", -2)
    for character in "山天香":  # a line goes on as it began, and the next one begins as it ended
        toy.favour(f"\n{character}", character, 3)
        toy.favour(character * 2, character, 3)
        toy.favour(f"{character}\n", character, 2)
    draft = per_character(controlled(toy, within_length(6)))

    @functools.cache
    def anew(song: str, kept: str, length: int) -> dict[str, float]:
        return {kept + end: p for end, p in lines(guided(toy, rhyming(song, length)), song + kept).items()}

    def rhyming(song: str, length: int) -> Asked:
        return Asked((*map(len, song.split("\n")[:-1]), length), "AA", ("山天", "香"))

    def weigh(song: str) -> dict[str, float]:
        found: dict[str, float] = defaultdict(float)
        for line, p in lines(draft, song).items():
            length = len(line) - 1
            is_kept = rhyming(song, length)(song + line)
            for end, q in ({line: 1.0} if is_kept else anew(song, line[: max(length - 3, 0)], length)).items():
                found[end] += p * q
        return found

    assert surprise(toy.songs(SONGS, lines=2, rhyme="AA", length=6), line_by_line(weigh, 2)) < MOST


# -- drafts


def best_line(toy: Toy, song: str, weigh: Weigh) -> str:
    """The line of two characters, none of a pair that returns, with the highest score by the formula."""

    def value(line: str) -> float:
        p = [model(toy)(song + line[:at])[line[at]] for at in range(2)]
        return (FIRST * np.log(p[0]) + np.log(p[1]) + END * np.log(exact_end(toy, song + line))) / (2 + END)

    return max((line[:-1] for line in lines(weigh, song)), key=value)


def exact_end(toy: Toy, text: str) -> float:
    """p of a line end, the unknown character counted, which no line has."""
    row = toy.table[tuple(toy.vocabulary.encode("\n" + text)[-2:])].astype(np.float64)
    return float((np.exp(row) / np.exp(row).sum())[toy.vocabulary.encode("\n")[0]])


def test_of_many_drafts_the_one_with_the_highest_score_stays(toy: Toy) -> None:
    asked = Asked((2,), "", CLASSES)
    expected = best_line(toy, "", guided(toy, asked))
    assert set(toy.songs(1, form="2", drafts=256)) == {expected}


def blank_lines(p: float) -> Toy:
    """After a line end, it writes another one with this probability."""
    toy = Toy("\n山天阳香", spread=0.3)
    end = toy.vocabulary.encode("\n")[0]
    toy.table[:, end, 0] = -30
    toy.table[:, end, 1:] = 0
    toy.table[:, end, end] = np.log(p / (1 - p) * 4)
    return toy


@pytest.mark.parametrize(("text", "blank_lines_at_end"), [("山\n\n天", 1), ("山\n\n\n天\n\n阳", 2)])
def test_a_song_ends_where_the_model_ends_it(text: str, blank_lines_at_end: int) -> None:
    """As likely with drafts as without; with them not before the fourth line."""
    p, toy = 0.4, blank_lines(0.4)
    for drafts, fewest in ((1, 1), (3, FEWEST)):
        songs = toy.songs(SONGS, text=text, drafts=drafts)
        stanzas = [song.split("\n\n") for song in songs]
        assert all(song == song.strip("\n") for song in songs)
        if blank_lines_at_end == 1:
            counts = [str(song.count("\n") + 1) for song in songs]
            expected = {str(n): (1 - p) ** (n - fewest) * p for n in range(fewest, 60)}
            assert surprise(counts, expected) < MOST
        else:
            assert any(len(each) > 1 for each in stanzas)
            assert min(len(song.replace("\n\n", "\n").split("\n")) for song in songs) == fewest


def test_a_song_that_the_model_does_not_end_ends_with_its_line() -> None:
    toy = blank_lines(1e-9)
    for song in toy.songs(4, drafts=2):
        assert MOST_CHARACTERS <= len(song) < MOST_CHARACTERS + 60
        assert "\n\n" not in song


@pytest.mark.parametrize("length", [0, 1, 2, 9, 300])
def test_songs_of_a_length_have_it_with_drafts(length: int, pausing: Toy) -> None:
    songs = pausing.songs(5, length=length, drafts=4)
    assert {len(song) for song in songs} == {length}
    assert not any(song.endswith("\n") for song in songs)
    assert {len(song) for song in pausing.songs(5, prefix="山", length=length, drafts=4)} == {length + 1}


def test_a_line_without_a_line_end_is_cut_and_goes_on() -> None:
    """Where the model knows none, or ends no line."""
    for characters in ("山天阳香", "\n山天阳香"):
        toy = Toy(characters, spread=0.3)
        if "\n" in characters:
            toy.table[:, :, toy.vocabulary.encode("\n")[0]] = -30
        assert [len(song) for song in toy.songs(2, length=700, drafts=3)] == [700, 700]
        assert all(MOST_CHARACTERS <= len(song) < MOST_CHARACTERS + 300 for song in toy.songs(2, drafts=3))


def test_first_lines_differ_from_song_to_song(toy: Toy) -> None:
    """Whatever songs are written side by side."""
    for drafts, fewest in ((1, 0), (32, 6)):
        firsts = [song.split("\n")[0] for song in toy.songs(12, form="4,4", drafts=drafts)]
        assert len({pair for first in firsts[:4] for pair in zip(first, first[1:])}) >= fewest
    whole = toy.songs(9, form="4,4", drafts=8)
    writer = toy.writer(form="4,4", drafts=8)
    openings: set[str] = set()
    alone = ["".join(piece for (piece,) in writer.stream("", seed=1, samples=[n], openings=openings)) for n in range(9)]
    assert alone == whole


# -- lines that cannot be ended


def test_a_line_that_cannot_be_ended_takes_those_before_it_along(toy: Toy) -> None:
    """The second line needs what the first may have counted already: songs as if only such first lines were drawn."""
    asked = Asked((2, 1), "AA", CLASSES)
    expected = line_by_line(guided(toy, asked, repeats_nothing(1)), 2)
    assert surprise(toy.songs(SONGS, form="2,1", rhyme="AA", no_repeat=1), expected) < MOST


def test_as_many_lines_are_taken_along_as_need_be() -> None:
    """The fourth line needs what the first one has counted, whatever stands between them."""
    toy = Toy("\n山天阳香水雨", spread=0.3)
    for before in itertools.product("\n山天阳香水雨\ufffd", repeat=2):
        toy.favour("".join(before), "山", 1.5)
        toy.favour("".join(before), "天", 1.5)
    asked = Asked((2, 1, 1, 1), "A--A", ("山天", "阳香", "水", "雨"))
    for song in toy.songs(50, form="2,1,1,1", rhyme="A--A", no_repeat=1):
        assert asked(f"{song}\n")
        assert repeats_nothing(1)(song)


# -- songs in turns


def test_choices_have_the_model_s_probabilities(pausing: Toy) -> None:
    """Whatever the temperature; all that is forbidden is left out, but takes its share."""
    song = pausing.writer(form="2,2", rhyme="AA", temperature=0.5).session("", seed=1)
    weigh = within(model(pausing), Asked((2, 2), "AA", CLASSES))
    for written, character in (("", "山"), ("山", "，"), ("山，", "天"), ("山，天", "\n"), ("山，天\n", "天")):
        assert song.written == written
        found = {choice.text: choice.probability for choice in song.characters(9)}
        assert found == pytest.approx(weigh(written))
        assert list(found.values()) == sorted(found.values(), reverse=True)
        assert song.append(character) is None
    expected = lines(weigh, song.written)
    found = {choice.text: choice.probability for choice in song.lines(30)}
    assert found.keys() <= expected.keys()
    assert found == pytest.approx({text: expected[text] for text in found}, rel=1e-4)


def test_a_character_that_is_forced_has_its_probability(toy: Toy) -> None:
    song = toy.writer(acrostic="山天").session("", seed=1)
    (choice,) = song.characters(9)
    assert choice.text == "山"
    assert choice.probability == pytest.approx(model(toy)("")["山"])


def test_lines_are_drawn_as_those_of_a_song(toy: Toy) -> None:
    song = toy.writer(form="2,2", rhyme="AA", temperature=0.5).session("", seed=1)
    found = [song.lines(1)[0].text[:-1] for _ in range(500)]
    assert surprise(found, line_by_line(guided(toy, TWO_LINES, temperature=0.5), 1)) < MOST


# -- blanks


def test_fillings_have_their_share_of_the_probability_of_all(pausing: Toy) -> None:
    texts = [f"山{one}{two}阳" for one, two in itertools.product("，山天阳香", repeat=2)]
    ids = [pausing.vocabulary.encode(f"\n{text}\n") for text in texts]
    expected = normalised({text: float(pausing.probabilities(each).prod()) for text, each in zip(texts, ids)})
    found = filling.fill(pausing, pausing.vocabulary, "山_＿阳", best=25)
    assert {each.text: each.probability for each in found} == pytest.approx(expected)
    assert [each.text for each in found] == sorted(expected, key=lambda text: -expected[text])


def test_identical_rhymes_need_one_ending() -> None:
    toy = Toy("\n山光水")
    for song in toy.songs(5, form="2,2", rhyme="AA", rhyme_identical=True):
        assert song[1] == song[-1]
