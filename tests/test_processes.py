from __future__ import annotations

from pathlib import Path

import lyricgen
from lyricgen.system import processes


def test_the_program_starts_itself_again_from_the_folder_that_holds_the_package() -> None:
    assert Path(processes.command()[-1], "lyricgen").samefile(Path(lyricgen.__file__).parent)
