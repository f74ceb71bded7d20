from __future__ import annotations

import subprocess
import sys
from importlib import metadata

import numpy as np
import pytest

from lyricgen.engine import engines

if not engines.has_mxnet():
    pytest.skip("MXNet is not installed", allow_module_level=True)

from lyricgen.engine.mxnet import runtime

pytestmark = pytest.mark.process


def run_python(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    import os

    environment = {**{k: v for k, v in os.environ.items() if k != "OMP_NUM_THREADS"}, **environment}
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, timeout=60)


def test_mxnet_computes_with_this_numpy() -> None:
    np.testing.assert_array_equal((runtime.nd.arange(3) * 2).asnumpy(), [0, 2, 4])


def test_threads_follow_the_processors_unless_the_user_set_them_and_llvm_s_openmp_comes_first() -> None:
    code = "import os, lyricgen.engine.mxnet.runtime; print(os.environ['OMP_NUM_THREADS'])\n"
    code += "print('libomp' in open('/proc/self/maps').read())"
    affinity = "import os; os.sched_setaffinity(0, [min(os.sched_getaffinity(0))]); "
    hidden = "from importlib import metadata; metadata.files = lambda name: []; "
    try:
        installed = metadata.files("cmeel-libomp") is not None
    except metadata.PackageNotFoundError:
        installed = False
    assert run_python(code, OMP_NUM_THREADS="3").stdout.split() == ["3", f"{installed}"]
    assert run_python(affinity + hidden + code).stdout.split() == ["1", "False"], "without LLVM's, GNU's serves"


def test_without_mxnet_one_line_says_what_to_do() -> None:
    code = "import sys; sys.modules['mxnet'] = None\nimport lyricgen.engine.mxnet.runtime"
    last = run_python(code).stderr.strip().splitlines()[-1]
    assert last.startswith("lyricgen.errors.EngineError: MXNet is not installed")
    assert "leave --engine out, and NumPy computes" in last


@pytest.mark.parametrize(
    ("words", "package"),
    [
        ("libgomp.so.1: cannot open shared object file: No such file or directory", "apt-get install libgomp1"),
        ("libquadmath.so.0: cannot open shared object file: No such file", "apt-get install libquadmath0"),
        ("libsomething.so.2: version mismatch\nmore", "libsomething.so.2: version mismatch"),
    ],
)
def test_a_missing_system_library_is_named_with_its_package(words: str, package: str) -> None:
    advice = runtime.advice_on_libraries(words)
    assert package in advice
    assert "\n" not in advice


def test_missing_setuptools_is_named() -> None:
    error = ModuleNotFoundError("No module named 'distutils'", name="distutils")
    assert "pip install setuptools" in runtime.import_advice(error)
