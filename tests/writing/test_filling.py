from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Callable

import numpy as np
import pytest

from lyricgen.model.bidirectional import Bidirectional
from lyricgen.model.checkpoint import Checkpoint
from lyricgen.text.vocabulary import UNKNOWN
from lyricgen.writing import filling

Make = Callable[..., Checkpoint]


def both_sides(make: Make, **options: object) -> tuple[Checkpoint, Bidirectional]:
    checkpoint = make(bidirectional=True, **options)
    return checkpoint, Bidirectional(checkpoint.model, checkpoint.parameters)


def test_a_model_that_reads_forward_ranks_fillings_by_the_whole_text(random_checkpoint: Make) -> None:
    checkpoint = random_checkpoint(text="\n山水雨 ", hidden=4)
    decoder, vocabulary = checkpoint.decoder(), checkpoint.vocabulary

    def nats(fills: tuple[str, ...]) -> float:
        ids = vocabulary.encode("\n山{}{}水{}\n".format(*fills))
        return float(np.log(decoder.probabilities(ids)).sum())

    ranked = sorted(itertools.product("山水雨", repeat=3), key=nats, reverse=True)
    found = filling.fill(decoder, vocabulary, "山＿_水＿", best=27)
    assert [each.fills for each in found] == ["".join(fills) for fills in ranked]
    assert found[0].text == "山{}{}水{}".format(*ranked[0])
    assert sum(each.probability for each in found) == pytest.approx(1)
    best = filling.fill(decoder, vocabulary, "山＿_水＿", best=1)
    assert best[0].text == found[0].text


def test_blanks_are_filled_one_after_the_other(random_checkpoint: Make) -> None:
    """By the chain rule, those behind being unknown: the probabilities of all fillings sum to one."""
    checkpoint, model = both_sides(random_checkpoint, text="\n山水雨", hidden=4)
    vocabulary = checkpoint.vocabulary

    def share(ids: list[int], place: int, wanted: int) -> float:
        (logits,) = model.logit_chunks(np.array(ids))
        row = np.exp(logits[place - 1].astype(float))
        shown = [char_id for char_id in range(1, len(vocabulary)) if vocabulary.id_to_char[char_id] != "\n"]
        return float(row[wanted] / row[shown].sum())

    found = filling.fill(model, vocabulary, "山＿雨＿", best=9)
    assert len({each.fills for each in found}) == 9
    assert sum(each.probability for each in found) == pytest.approx(1)
    for each in found:
        whole = vocabulary.encode(f"\n{each.text}\n").tolist()
        first = [*whole[:4], UNKNOWN, whole[5]]
        assert each.probability == pytest.approx(share(first, 2, whole[2]) * share(whole, 4, whole[4]), rel=1e-4)


def test_texts_come_back_as_they_are_but_for_the_blanks(random_checkpoint: Make) -> None:
    checkpoint = random_checkpoint(newlines="space", text="山上的雨 我们")
    (found,) = filling.fill(checkpoint.decoder(), checkpoint.vocabulary, "龙□\r\n我_ e\u0301", best=1)
    assert found.text == f"龙{found.fills[0]}\n我{found.fills[1]} é"
    assert not set(found.fills) & set(" \n\ufffd")


@pytest.mark.parametrize("bidirectional", [False, True])
def test_whoever_watches_sees_every_place_once(bidirectional: bool, random_checkpoint: Make) -> None:
    checkpoint = random_checkpoint(text="\n山水雨", hidden=4, bidirectional=bidirectional)
    model = Bidirectional(checkpoint.model, checkpoint.parameters) if bidirectional else checkpoint.decoder()
    seen: list[int] = []

    def watch(places: Sequence[int]) -> Iterator[int]:
        for place in places:
            seen.append(place)
            yield place

    found = filling.fill(model, checkpoint.vocabulary, "山＿雨＿", best=1, watch=watch)
    assert found == filling.fill(model, checkpoint.vocabulary, "山＿雨＿", best=1)
    assert seen == ([2, 4] if bidirectional else [1, 2, 3, 4, 5])
