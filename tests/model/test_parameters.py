from __future__ import annotations

import numpy as np

from lyricgen.config import ModelConfig
from lyricgen.model.parameters import initial_parameters, output_weight, parameter_shapes

D, H, V = 5, 6, 7


def test_shapes_with_every_dimension_different() -> None:
    shapes = parameter_shapes(ModelConfig(cell="lstm", hidden=H, embedding=D, layers=2, tie=True), V)
    assert shapes == {
        "embedding.weight": (V, D),
        "layers.0.input_weight": (4 * H, D),
        "layers.0.hidden_weight": (4 * H, H),
        "layers.0.input_bias": (4 * H,),
        "layers.0.hidden_bias": (4 * H,),
        "layers.1.input_weight": (4 * H, H),
        "layers.1.hidden_weight": (4 * H, H),
        "layers.1.input_bias": (4 * H,),
        "layers.1.hidden_bias": (4 * H,),
        "projection.weight": (D, H),
        "output.bias": (V,),
    }
    assert parameter_shapes(ModelConfig(cell="gru", hidden=H, tie=False), V)["output.weight"] == (V, H)
    assert "projection.weight" not in parameter_shapes(ModelConfig(hidden=H, tie=True), V)


def test_tied_output_is_the_embedding() -> None:
    config = ModelConfig(cell="rnn", hidden=H, embedding=H, tie=True)
    parameters = initial_parameters(config, V, np.random.default_rng(5))
    assert output_weight(config, parameters) is parameters["embedding.weight"]


def test_initial_parameters_are_bounded_seeded_and_open_the_forget_gate() -> None:
    config = ModelConfig(cell="lstm", hidden=H, embedding=D)
    first, second = (initial_parameters(config, V, np.random.default_rng(5)) for _ in range(2))
    for name, shape in parameter_shapes(config, V).items():
        assert first[name].shape == shape
        np.testing.assert_array_equal(first[name], second[name])
    assert np.abs(first["layers.0.input_weight"]).max() <= D**-0.5
    tied, own = (initial_parameters(ModelConfig(tie=tie), V, np.random.default_rng(5)) for tie in (True, False))
    assert np.abs(tied["embedding.weight"]).max() <= 3 * 256**-0.5 < 0.9 < np.abs(own["embedding.weight"]).max() <= 1
    assert first["layers.0.hidden_bias"].tolist() == [0.0] * H + [1.0] * H + [0.0] * 2 * H
