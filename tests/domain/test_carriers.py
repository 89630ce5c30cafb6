"""Carriers: read from data, and their links hold the number and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from opsdesk.domain.carriers import Carrier, find_carrier, read_carriers
from opsdesk.domain.errors import Invalid

SHIPPED = (Path(__file__).parents[2] / "data/carriers.toml").read_text("utf-8")


def test_every_shipped_carrier_can_be_read_and_followed_or_says_nothing() -> None:
    for carrier in read_carriers(SHIPPED):
        link = carrier.link("1Z999")
        assert link == "" or (link.startswith("https://") and "1Z999" in link)


def test_a_number_cannot_break_out_of_its_link() -> None:
    link = Carrier("x", "X", "https://x.example/{number}").link("1/../?q=&#a b")
    assert link == "https://x.example/1%2F..%2F%3Fq%3D%26%23a%20b"


def test_the_shops_own_replace_and_follow_the_shipped_ones() -> None:
    own = '[[carrier]]\ncode = "dhl"\nname = "Yellow"\n[[carrier]]\ncode = "bike"\nname = "Bike"\n'
    carriers = read_carriers(SHIPPED, own)
    assert find_carrier(carriers, "dhl").name == "Yellow"
    assert carriers[-1].name == "Bike"


def test_a_carrier_that_nobody_knows_has_no_link() -> None:
    assert find_carrier(read_carriers(SHIPPED), " Pigeon Post ") == Carrier("", "Pigeon Post")


@pytest.mark.parametrize(
    "text",
    ["nonsense", "[[carrier]]\nname = 'X'", "[[carrier]]\ncode = 'x'\nname = 3",
     "[[carrier]]\ncode = 'x'\nname = 'X'\ntracking_url = 'http://x.example/{number}'"],
)  # fmt: skip
def test_what_is_no_carrier_is_refused_in_words(text: str) -> None:
    with pytest.raises(Invalid):
        read_carriers(SHIPPED, text)
