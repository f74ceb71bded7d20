from __future__ import annotations

import itertools
from typing import Callable

import numpy as np
from forms import songs

from lyricgen.model.checkpoint import Checkpoint

Make = Callable[..., Checkpoint]


def test_the_beam_finds_the_likeliest_song(random_checkpoint: Make) -> None:
    """Among all songs of two lines of two characters, by ln p per character."""
    checkpoint = random_checkpoint(text="\n山水雨", hidden=4)
    decoder, vocabulary = checkpoint.decoder(), checkpoint.vocabulary

    def nats(song: str) -> float:
        """ln p, given that no character is the unknown one."""
        total, state = 0.0, decoder.initial_state(1)
        ids = vocabulary.encode(f"\n{song}\n")
        for before, after in zip(ids, ids[1:]):
            logits, state = decoder.step(np.array([before]), state)
            total += float(logits[0, after] - np.log(np.exp(logits[0, 1:].astype(float)).sum()))
        return total

    lines = ["".join(line) for line in itertools.product("山水雨", repeat=2)]
    best = max((f"{one}\n{other}" for one in lines for other in lines), key=nats)
    assert songs(checkpoint, {"form": "2,2", "beam": 200}, samples=1) == [best]


def test_beams_of_several_songs_differ(counted: Checkpoint) -> None:
    found = songs(counted, {"form": "7,7", "beam": 3}, samples=4)
    assert len(set(found)) == 4
    assert songs(counted, {"form": "7,7", "beam": 3}, samples=2) == found[:2]
    assert [len(song) for song in songs(counted, {"beam": 2, "length": 9}, samples=2)] == [9, 9]
