from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

from lyricgen.model.cells import sigmoid, times


def test_sigmoid_does_not_overflow() -> None:
    np.testing.assert_array_equal(sigmoid(np.array([-1e30, 0, 1e30], np.float32)), [0, 0.5, 1])


@pytest.mark.parametrize("rows", [1, 2, 6, 7, 16, 17])
@pytest.mark.parametrize("columns", [1, 63, 64, 65, 127, 128, 200])
def test_times_is_the_matrix_product(rows: int, columns: int) -> None:
    rng = np.random.default_rng(rows * columns)
    x, weight = rng.normal(size=(rows, 7)).astype(np.float32), rng.normal(size=(columns, 7)).astype(np.float32).T
    np.testing.assert_allclose(times(x, weight), x.astype(float) @ weight, atol=1e-5)


def test_few_rows_have_the_bits_of_each_alone() -> None:
    rng = np.random.default_rng(0)
    x, weight = rng.normal(size=(6, 37)).astype(np.float32), rng.normal(size=(150, 37)).astype(np.float32).T
    for few in (weight, weight[:, :50]):
        np.testing.assert_array_equal(times(x, few), np.concatenate([times(row, few) for row in x[:, None]]))


@pytest.mark.process
def test_one_row_has_the_same_bits_with_one_thread_and_with_two() -> None:
    """Widths that OpenBLAS would cut into shares of no whole fours, and one of 256 units that it would not."""
    code = """
import hashlib
import numpy as np
from lyricgen.model.cells import times
for width, depth in [(60, 160), (62, 512), (65, 512), (404, 101), (1024, 256), (2586, 256), (3001, 300)]:
    rng = np.random.default_rng(width)
    x, weight = rng.normal(size=(1, depth)).astype("f4"), rng.normal(size=(width, depth)).astype("f4")
    print(width, hashlib.sha256(times(x, weight.T).tobytes()).hexdigest())
"""
    found = [
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "OPENBLAS_NUM_THREADS": threads},
            check=True,
            capture_output=True,
            text=True,
            timeout=60,
        ).stdout
        for threads in ("1", "2")
    ]
    assert found[0].splitlines() == found[1].splitlines()
