"""Chainage as text: what is read, what is refused and in which words, what is written."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from geoplan.errors import ChainageInvalid
from geoplan.queries.stations import Chainage, format_chainage, parse_chainage, stated_chainage

# as written: value [m], letters, as printed again
READ = {
    "K12+345.678": (12345.678, "K", "K12+345.678"),
    "DK3+765": (3765.0, "DK", "DK3+765"),
    "AK0+000": (0.0, "AK", "AK0+000"),
    "YK 7 + 005.50": (7005.5, "YK", "YK7+005.50"),
    "zk1+020": (1020.0, "ZK", "ZK1+020"),
    "GK155+718": (155718.0, "GK", "GK155+718"),
    "D1K12+300": (12300.0, "D1K", "D1K12+300"),
    "DⅡK2+001": (2001.0, "DIIK", "DIIK2+001"),
    "右DK4+028": (4028.0, "右DK", "右DK4+028"),
    "12+345": (12345.0, "", "12+345"),
    "Ｋ１２＋３４５．６": (12345.6, "K", "K12+345.6"),
    "K3+50": (3050.0, "K", "K3+050"),
    "K007+001": (7001.0, "K", "K7+001"),
    "K23+724.105": (23724.105, "K", "K23+724.105"),
    "K1+000.1234567": (1000.1234567, "K", "K1+000.1234567"),
    "K12+1050.25": (13050.25, "K", "K12+1050.25"),
    " K0+000\n": (0.0, "K", "K0+000"),
}


@pytest.mark.parametrize("text", READ)
def test_a_chainage_is_read_and_written_back(text: str) -> None:
    value, letters, printed = READ[text]
    found = parse_chainage(text)
    assert (found.value_m, found.prefix, found.segment) == (value, letters, None)
    assert str(found) == printed
    assert parse_chainage(str(found)) == found


@pytest.mark.parametrize("text", ["K13+020 [1]", "k13+020[1]", "K13+020  [ 1 ] "])
def test_a_segment_is_read_and_written_back(text: str) -> None:
    found = parse_chainage(text)
    assert found == Chainage(13020.0, "K", segment="1")
    assert str(found) == "K13+020 [1]"


def test_a_segment_may_have_a_name_which_is_kept_as_it_is() -> None:
    assert parse_chainage("K13+020 [Ahead of 断链3]").segment == "Ahead of 断链3"


# as written, and the reason given
REFUSED: dict[Any, str] = {
    "": "empty",
    "   ": "empty",
    "K12": r"no \+",
    "12345": r"no \+",
    "K12.345": r"no \+",
    "K12+": "behind it metres",
    "K+345": "whole kilometres",
    "+345": "whole kilometres",
    "K12+345+6": "behind it metres",
    "K12+34x": "behind it metres",
    "K12,345+1": "behind it metres",
    "K12.5+345": "behind it metres",
    "K12+345,5": "behind it metres",
    "K12+345.": "behind it metres",
    "K12+345m": "behind it metres",
    "M12+345": "M, do not end in K",
    "桩号K12+345": "behind it metres",
    "K-1+200": "before its origin",
    "-K1+200": "before its origin",
    "K0-050": "before its origin",
    "K0+-50": "before its origin",
    "K0−050": "before its origin",
    "K1 2+345": "a space",
    "K12+3 45": "a space",
    "K12+345 []": "behind it metres",
    "K12+345 [a] x": "behind it metres",
    "K12+nan": "behind it metres",
    "K1234567+000": "behind it metres",
    None: "not text",
    12345.0: "not text",
    float("nan"): "not text",
}


@pytest.mark.parametrize("text", REFUSED, ids=repr)
def test_what_is_no_chainage_is_refused_with_what_where_and_why(text: Any) -> None:
    with pytest.raises(ChainageInvalid, match=REFUSED[text]) as caught:
        parse_chainage(text, "route 'R', chainage_to")
    message = str(caught.value)
    assert message.startswith("route 'R', chainage_to: ")
    assert repr(text) in message
    assert "write it as K12+345.678" in message


# value, decimals, as printed: rounding carries into the kilometres
WRITTEN = [
    (0.0, 3, "K0+000.000"),
    (0.0004, 3, "K0+000.000"),
    (-0.0004, 3, "K0+000.000"),
    (999.9996, 3, "K1+000.000"),
    (12999.9994, 3, "K12+999.999"),
    (12999.5, 0, "K13+000"),
    (7.25, 2, "K0+007.25"),
    (155718.0, 0, "K155+718"),
    (1234567.125, 3, "K1234+567.125"),
]


@pytest.mark.parametrize(("value", "decimals", "text"), WRITTEN)
def test_a_number_is_rounded_before_it_is_split(value: float, decimals: int, text: str) -> None:
    assert format_chainage(value, decimals=decimals) == text


@pytest.mark.parametrize("value", [-0.001, -5.0, float("nan"), float("inf")])
def test_a_number_before_the_origin_or_none_is_refused(value: float) -> None:
    with pytest.raises(ChainageInvalid):
        format_chainage(value)


def test_counting_on_starts_no_earlier_than_its_kilometre() -> None:
    assert format_chainage(13050.0, "DK", decimals=0, kilometre=12) == "DK12+1050"
    with pytest.raises(ChainageInvalid):
        format_chainage(13050.0, kilometre=14)


def test_equal_is_equal_whatever_the_decimals() -> None:
    assert parse_chainage("K1+000") == parse_chainage("K1+000.000")
    assert parse_chainage("K1+000") != parse_chainage("AK1+000")
    assert parse_chainage("K1+000") != parse_chainage("K1+000 [0]")


@pytest.mark.parametrize("cell", [None, float("nan"), np.nan, pd.NA, pd.NaT, "", "  "])
def test_an_empty_cell_states_nothing(cell: Any) -> None:
    assert stated_chainage(cell, "here") is None


def test_a_cell_that_states_something_else_is_refused() -> None:
    with pytest.raises(ChainageInvalid, match=r"here: 7\.0 is no chainage"):
        stated_chainage(7.0, "here")
