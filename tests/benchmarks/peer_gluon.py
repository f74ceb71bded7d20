"""The other side of race.py: the book's recipe on MXNet Gluon, for a Python with MXNet as pip installs it.

    book/bin/python tests/benchmarks/peer_gluon.py jaychou_lyrics.txt.zip --cell lstm --until 3.68

One-hot input, one recurrent layer of 256 units, a dense output, stochastic gradient descent with learning rate 100, the
gradient's norm clipped at 0.01, consecutive minibatches of 32 × 35 characters from the first 10,000 of the corpus, line
ends as spaces. Prints one line of JSON.
"""

from __future__ import annotations

import argparse
import json
import math
import time
import zipfile

import mxnet as mx
from mxnet import nd

HIDDEN, ROWS, STEPS, CHARACTERS, RATE, CLIP = 256, 32, 35, 10_000, 100, 0.01


def read(path: str):  # type: ignore[no-untyped-def]
    """The corpus as rows (N, width) of ids, and V."""
    with zipfile.ZipFile(path) as archive:
        text = archive.read(archive.infolist()[0]).decode("utf-8")
    text = text.replace("\r", " ").replace("\n", " ")[:CHARACTERS]
    signs = {sign: number for number, sign in enumerate(sorted(set(text)))}
    width = len(text) // ROWS
    return nd.array([signs[sign] for sign in text[: ROWS * width]]).reshape((ROWS, width)), len(signs)


class Recipe:
    """Network and trainer."""

    def __init__(self, cell: str, size: int) -> None:
        kinds = {"rnn": mx.gluon.rnn.RNN, "gru": mx.gluon.rnn.GRU, "lstm": mx.gluon.rnn.LSTM}
        self.size = size
        self.recurrent = kinds[cell](HIDDEN, activation="tanh") if cell == "rnn" else kinds[cell](HIDDEN)
        self.output = mx.gluon.nn.Dense(size)
        for block in (self.recurrent, self.output):
            block.initialize(mx.init.Normal(0.01), force_reinit=True)
        self.parameters = [*self.recurrent.collect_params().values(), *self.output.collect_params().values()]
        everything = dict(self.recurrent.collect_params(), **self.output.collect_params())
        self.trainer = mx.gluon.Trainer(everything, "sgd", {"learning_rate": RATE})
        self.loss = mx.gluon.loss.SoftmaxCrossEntropyLoss()

    def epoch(self, rows) -> float:  # type: ignore[no-untyped-def]
        """Train on every minibatch; returns the perplexity over them."""
        state, nats, count = self.recurrent.begin_state(batch_size=ROWS), 0.0, 0
        for first in range(0, rows.shape[1] - STEPS, STEPS):
            x, y = (rows[:, first + shift : first + shift + STEPS].T for shift in (0, 1))
            state = [part.detach() for part in state]
            with mx.autograd.record():
                hidden, state = self.recurrent(nd.one_hot(x, self.size), state)
                loss = self.loss(self.output(hidden.reshape((-1, HIDDEN))), y.reshape((-1,))).mean()
            loss.backward()
            mx.gluon.utils.clip_global_norm([parameter.grad() for parameter in self.parameters], CLIP)
            self.trainer.step(1)
            nats += loss.asscalar() * x.size
            count += x.size
        return math.exp(nats / count)


def main() -> None:
    """Train until that perplexity, or for as many epochs."""
    parser = argparse.ArgumentParser()
    parser.add_argument("corpus")
    parser.add_argument("--cell", choices=["rnn", "gru", "lstm"], default="lstm")
    parser.add_argument("--until", type=float, default=0.0)
    parser.add_argument("--epochs", type=int, default=250)
    options = parser.parse_args()
    rows, size = read(options.corpus)
    recipe, fastest = Recipe(options.cell, size), math.inf
    epochs, perplexity = 0, math.inf
    while epochs < options.epochs and perplexity > options.until:
        epochs += 1
        began = time.perf_counter()
        perplexity = recipe.epoch(rows)
        fastest = min(fastest, time.perf_counter() - began)
    characters = (rows.shape[1] - 1) // STEPS * STEPS * ROWS
    print(json.dumps({"epochs": epochs, "perplexity": perplexity, "characters_per_second": characters / fastest}))


if __name__ == "__main__":
    main()
