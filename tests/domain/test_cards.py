"""Card numbers are found in whatever form they are typed (bar P2), and what only looks like one stays (bar P3)."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator

import pytest

from opsdesk.domain.cards import FoundCard, brand_of, mask_cards, passes_luhn, safe_line, safe_text

BRANDS: dict[str, tuple[tuple[str, int], ...]] = {
    "Visa": (("4", 16), ("4", 19)),
    "Mastercard": (("51", 16), ("55", 16), ("2221", 16), ("2720", 16)),
    "Amex": (("34", 15), ("37", 15)),
    "Discover": (("6011", 16), ("644", 16), ("65", 16), ("6011", 19)),
    "Diners": (("300", 14), ("305", 14), ("36", 14), ("38", 14), ("3095", 16)),
    "JCB": (("3528", 16), ("3589", 16), ("3530", 19)),
    "UnionPay": (("62", 16), ("62", 17), ("62", 18), ("62", 19)),
    "Maestro": (("6304", 16), ("6759", 18), ("5018", 19), ("6761", 16)),
}
NUMBER_OF_CARDS = 500
NUMBER_PER_KIND = 50_000


def with_luhn(stem: str) -> str:
    return next(stem + digit for digit in "0123456789" if passes_luhn(stem + digit))


def card_number(chance: random.Random, brand: str) -> str:
    prefix, length = chance.choice(BRANDS[brand])
    return with_luhn(prefix + "".join(chance.choices("0123456789", k=length - len(prefix) - 1)))


def groups_of(number: str) -> list[str]:
    sizes = {14: (4, 6, 4), 15: (4, 6, 5)}.get(len(number), (4,) * 5)
    pieces, rest = [], number
    for size in sizes:
        pieces.append(rest[:size])
        rest = rest[size:]
    return [piece for piece in [*pieces, rest] if piece]


FORMS: tuple[Callable[[str], str], ...] = (
    lambda number: number,
    lambda number: " ".join(groups_of(number)),
    lambda number: "-".join(groups_of(number)),
    lambda number: "\u00a0".join(groups_of(number)),
    lambda number: ".".join(groups_of(number)),
    lambda number: " - ".join(groups_of(number)),
    lambda number: "\u2009".join(groups_of(number)),
    lambda number: "\u2013".join(groups_of(number)),
    lambda number: "\u200b".join(groups_of(number)),
    lambda number: "\n".join(groups_of(number)),
    lambda number: number[:7] + "\r\n" + number[7:],
    lambda number: "\r\n> ".join(groups_of(number)),
    " ".join,
    lambda number: number.translate({ord(str(digit)): 0xFF10 + digit for digit in range(10)}),
    lambda number: " ".join(groups_of(number)).translate({ord(str(digit)): 0x0660 + digit for digit in range(10)}),
    lambda number: number.translate({ord(str(digit)): 0x0966 + digit for digit in range(10)}),
    lambda number: "\t".join(groups_of(number)),
    lambda number: "_".join(groups_of(number)),
)
SENTENCES = (
    "{card}", "Please charge {card}, thanks.", "Karte: {card}", "my card is {card} exp 11/27 {code}", "({card})", "#104416 {card} 12/2028",
    "2 x TEE-XL, card no {card}; cvv: {code}; call +49 171 1234567", "Kreditkarte{card}", "EAN 4006381333931 / {card} / 80331 München",
    "VISA {card} gültig bis 11/27 Prüfziffer {code}", "{card}\nCVC {code}", "the cvv2 is {code} and the number {card}",
)  # fmt: skip


def planted() -> Iterator[tuple[str, str, str, str]]:
    chance = random.Random(20261124)
    for position in range(NUMBER_OF_CARDS):
        brand = list(BRANDS)[position % len(BRANDS)]
        number = card_number(chance, brand)
        code = "".join(chance.choices("0123456789", k=4 if brand == "Amex" else 3))
        form, sentence = chance.choice(FORMS), chance.choice(SENTENCES)
        yield brand, number, code, sentence.format(card=form(number), code=code)


def bare_digits(text: str) -> str:
    return "".join(str(int(character)) for character in text if character.isdecimal())


def test_planted_cards_are_found_and_nothing_of_them_stays_but_brand_and_four_digits() -> None:
    missed = []
    for brand, number, _code, text in planted():
        masked = mask_cards(text)
        is_found = any(card == FoundCard(brand, number[-4:]) for card in masked.found)
        is_gone = number not in bare_digits(masked.text) and number[:-4] not in bare_digits(masked.text)
        if not (is_found and is_gone):
            missed.append((brand, number, text))
    assert len(missed) <= NUMBER_OF_CARDS * 0.005, missed


def test_check_codes_beside_the_planted_cards_are_gone() -> None:
    left = [
        text
        for _brand, _number, code, text in planted()
        if code in text and re.search(rf"(?<!\d){code}(?!\d)", re.sub(r"\*{4}\d{4}", "", mask_cards(text).text))
    ]
    assert len(left) <= NUMBER_OF_CARDS * 0.005, left


def test_control_a_search_for_sixteen_plain_digits_misses_most_of_them() -> None:
    found = [text for *_, text in planted() if re.search(r"(?<!\d)\d{16}(?!\d)", text)]
    assert len(found) < NUMBER_OF_CARDS / 4


@pytest.mark.parametrize(
    "text",
    ["cvv 123", "CVV: 123", "CVC-Code ist 1234", "cvv2=123", "Prüfziffer: 123", "Pruefziffer 123", "Pru\u0308fziffer 123",
     "Kartenprüfnummer 123", "123 (CVC)", "123 is the cvv", "card security code 123", "cvv ١٢٣", "cvv 1 2 3", "cvv\n123"],
)  # fmt: skip
def test_a_check_code_goes_without_a_card_too(text: str) -> None:
    masked = mask_cards(text)
    assert masked.codes == 1
    assert "123" not in bare_digits(masked.text)
    assert masked.warning is not None


@pytest.mark.parametrize(
    "text",
    ["EAN 4006381333931 Prüfziffer 1", "cvc 104416", "Gate code 1234", "security code for the door is 1234", "cid: 123",
     "Call 030 1234567", "", "Größe [XL]", "1 2 3 4 5 6 7 8 9 10 11 12"],
)  # fmt: skip
def test_other_numbers_stay(text: str) -> None:
    assert mask_cards(text).text == text


def test_masking_twice_changes_nothing_more() -> None:
    for *_, text in planted():
        once = mask_cards(text).text
        assert mask_cards(once).text == once


def test_a_text_is_masked_before_it_is_cut() -> None:
    cut = safe_line("Card 4111 1111 1111 1111", longest=16)
    assert cut.text == "Card Visa ****1…"
    assert safe_text("a\x07\n4111\u200b111111111111\n", longest=99).text == "a\nVisa ****1111"


def test_several_cards_in_one_text() -> None:
    masked = mask_cards("4111111111111111, 5555 5555 5555 4444 und 3782-822463-10005")
    assert [str(card) for card in masked.found] == ["Visa ****1111", "Mastercard ****4444", "Amex ****0005"]


# What only looks like a card


def with_gs1_check(stem: str) -> str:
    total = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(stem)))
    return stem + str(-total % 10)


def iban(chance: random.Random, country: str, length: int) -> str:
    body = "".join(chance.choices("0123456789", k=length))
    check = 98 - int(body + "".join(str(int(letter, 36)) for letter in country) + "00") % 97
    return f"{country}{check:02}{body}"


def number_of(chance: random.Random, length: int) -> str:
    return "".join(chance.choices("0123456789", k=length))


def spaced(number: str) -> str:
    return " ".join(number[start : start + 4] for start in range(0, len(number), 4))


LOOK_ALIKES: dict[str, Callable[[random.Random], str]] = {
    "EAN-13": lambda chance: with_gs1_check(str(chance.randint(400, 440)) + number_of(chance, 9)),
    "SSCC": lambda chance: (
        "00" + with_gs1_check(number_of(chance, 1) + str(chance.randint(400, 440)) + number_of(chance, 13))
    ),
    "SSCC without 00": lambda chance: with_gs1_check("3" + str(chance.randint(400, 440)) + number_of(chance, 13)),
    "12-digit parcel": lambda chance: number_of(chance, 12),
    "14-digit parcel": lambda chance: number_of(chance, 14),
    "DPD parcel": lambda chance: "0" + number_of(chance, 13),
    "order number": lambda chance: f"#{chance.randint(100_000, 9_999_999)}",
    "marketplace order": lambda chance: f"{chance.randint(302, 306)}-{number_of(chance, 7)}-{number_of(chance, 7)}",
    "epoch ms": lambda chance: str(chance.randint(1_600_000_000_000, 1_900_000_000_000)),
    "epoch": lambda chance: str(chance.randint(1_600_000_000, 1_900_000_000)),
    "telephone": lambda chance: f"+49 {chance.randint(150, 179)} {number_of(chance, 7)}",
    "telephone local": lambda chance: f"0{chance.randint(30, 9999)}/{number_of(chance, chance.randint(5, 8))}",
    "telephone US": lambda chance: f"+1 ({chance.randint(200, 989)}) {number_of(chance, 3)}-{number_of(chance, 4)}",
    "IBAN DE": lambda chance: iban(chance, "DE", 18),
    "IBAN DE spaced": lambda chance: spaced(iban(chance, "DE", 18)),
    "IBAN ES spaced": lambda chance: spaced(iban(chance, "ES", 20)),
    "UPS": lambda chance: "1Z999AA1" + number_of(chance, 10),
    "UUID": lambda chance: f"{chance.getrandbits(32):08x}-{chance.getrandbits(16):04x}-4{number_of(chance, 3)}",
}
MOST_FALSE = {"14-digit parcel": 0.005}
DIGITS_OF_LUHN = re.compile(r"(?<!\d)\d{12,20}(?!\d)")


@pytest.mark.parametrize("kind", LOOK_ALIKES)
def test_real_numbers_are_left_alone(kind: str) -> None:
    chance = random.Random(kind)
    make = LOOK_ALIKES[kind]
    wrong = [
        number for number in (make(chance) for _ in range(NUMBER_PER_KIND)) if mask_cards(f"No. {number} ok").found
    ]
    assert len(wrong) / NUMBER_PER_KIND <= MOST_FALSE.get(kind, 0.001), wrong[:5]


@pytest.mark.parametrize("kind", ["EAN-13", "12-digit parcel", "14-digit parcel", "epoch ms"])
def test_control_luhn_alone_hits_every_tenth(kind: str) -> None:
    chance = random.Random(kind)
    make = LOOK_ALIKES[kind]
    wrong = sum(passes_luhn(make(chance)) for _ in range(NUMBER_PER_KIND))
    assert wrong / NUMBER_PER_KIND > 0.05


def test_no_thirteen_digit_visa() -> None:
    assert brand_of(with_luhn("422222222222")) is None
    assert brand_of("4111111111111112") is None
    assert brand_of("4111111111111111") == "Visa"
