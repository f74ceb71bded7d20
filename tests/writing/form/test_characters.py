from __future__ import annotations

import numpy as np

from lyricgen.text.vocabulary import UNKNOWN, Vocabulary
from lyricgen.writing.form.characters import Characters, Mask
from lyricgen.writing.form.rhyme import Rhymer

VOCABULARY = Vocabulary("".join(sorted("\n\t（，。 5aeghilnt光年天水行")))
CHARACTERS = Characters(VOCABULARY, Rhymer())


def shown(mask: Mask) -> set[str]:
    return {character for character, is_in in zip(VOCABULARY.id_to_char, mask) if is_in}


def test_each_character_is_of_its_kinds() -> None:
    assert shown(CHARACTERS.line_end) == {"\n"}
    assert shown(CHARACTERS.counted) == set("5aeghilnt光年天水行")
    assert shown(CHARACTERS.uncounted) == set("（，。 ")
    assert shown(CHARACTERS.opening) == {"（"}
    assert shown(CHARACTERS.closing) == set("，。")
    assert shown(CHARACTERS.known) == set(VOCABULARY.characters)
    assert not CHARACTERS.none.any()


def test_a_model_without_line_ends_ends_lines_with_spaces() -> None:
    characters = Characters(Vocabulary(" 光"), Rhymer())
    assert characters.line_end_character == " "
    assert not characters.uncounted.any()


def test_the_unknown_character_is_only_forced() -> None:
    assert shown(CHARACTERS.only("光龙")) == {"光"}
    assert np.flatnonzero(CHARACTERS.forced("龙")).tolist() == [UNKNOWN]


def test_characters_of_a_class_of_rhyme() -> None:
    assert shown(CHARACTERS.class_masks["言前"]) == set("年天")
    assert CHARACTERS.rhyme_classes["行"] >= {"江阳", "中东"}
    assert shown(CHARACTERS.alone_masks[None]) == set("5aeghilnt")
    assert shown(CHARACTERS.alone_masks["中东"]) == {"行"}
    assert [VOCABULARY.id_to_char[each] for each in CHARACTERS.ids_in_phrases("银", None)] == ["行"]
    assert CHARACTERS.count_endings("言前") == 2


def test_words_that_the_vocabulary_can_spell() -> None:
    assert {"light", "night"} <= set(CHARACTERS.spellable_words("AY T"))
    assert "white" not in CHARACTERS.spellable_words("AY T")
    assert CHARACTERS.count_endings("AY T") == len(CHARACTERS.spellable_words("AY T"))
