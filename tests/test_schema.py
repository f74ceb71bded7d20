"""What files and options say is checked where it is read, whatever stands there."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lyricgen import schema
from lyricgen.errors import FileError, OptionError
from lyricgen.schema import Bounds, Checked, field, from_json

HUGE = st.sampled_from([10**400, -(10**400), 2**63, -(2**63) - 1, 1e308, 5e-324])
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | HUGE
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=5)


@dataclasses.dataclass(frozen=True)
class Inner(Checked):
    is_whole = True
    count: int = field(int, bounds=Bounds(0, 9))


@dataclasses.dataclass(frozen=True)
class Outer(Checked):
    share: float = field(float, 0.5, bounds=Bounds(0.0, 1.0, low_open=True))
    name: str = field(str, "a", choices=("a", "b"))
    flag: bool = field(bool, False)
    inner: Inner | None = field(Inner, None)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # the first draw reads tables of Unicode
@given(st.dictionaries(st.sampled_from(["share", "name", "flag", "inner", "wings"]), VALUES))
def test_what_is_made_is_sound_and_all_else_is_one_error(values: dict[str, Any]) -> None:
    try:
        made = from_json(Outer, values)
    except FileError:
        return
    assert "wings" not in values
    assert 0 < made.share <= 1
    assert made.name in ("a", "b")
    assert isinstance(made.flag, bool)
    assert made.inner is None or 0 <= made.inner.count <= 9


@given(VALUES)
def test_no_value_is_taken_for_a_mapping(value: Any) -> None:
    if not isinstance(value, dict):
        with pytest.raises(FileError, match="damaged"):
            from_json(Outer, value)


def test_what_is_whole_misses_nothing_and_what_is_new_may_be_passed_over() -> None:
    assert from_json(Outer, {"inner": {"count": 3}}).inner == Inner(3)
    with pytest.raises(FileError, match="count is missing"):
        from_json(Outer, {"inner": {}})
    with pytest.raises(FileError, match="newer"):
        from_json(Outer, {"wings": 2})
    assert from_json(Outer, {"wings": 2}, lenient=True) == Outer()


@pytest.mark.parametrize(
    ("bounds", "inside", "outside"),
    [
        (Bounds(), [0, -5, 2**63 - 1, 1e300], [2**63, float("nan"), float("inf"), 10**400]),
        (Bounds(low=1), [1, 2**62], [0, -1, 10**400]),
        (Bounds(0.5, 2.0, or_zero=True), [0, 0.5, 2.0], [0.1, 5e-324, -1, 3]),
        (Bounds(0.0, 1.0, low_open=True), [5e-324, 1.0], [0.0, 1.1]),
    ],
)
def test_bounds(bounds: Bounds, inside: list[float], outside: list[float]) -> None:
    assert [value for value in inside if not bounds.contain(value)] == []
    assert [value for value in outside if bounds.contain(value)] == []


def test_messages_are_short() -> None:
    with pytest.raises(OptionError) as refused:
        Inner(10**5000)
    assert len(str(refused.value)) < 120


def test_json_that_is_nested_too_deeply_is_none() -> None:
    with pytest.raises(ValueError, match="nested"):
        schema.parse("[" * 200_000)
    assert schema.parse(json.dumps({"a": [1]})) == {"a": [1]}
