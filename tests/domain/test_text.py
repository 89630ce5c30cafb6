"""Stored text can neither steer a terminal, nor hide, nor pretend; and names of all the world come through unharmed."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsdesk.domain.text import MARK, clean_line, clean_text, is_clean, mixed_words, visible

PAYLOAD = (
    "\x1b]0;PWNED-TITLE\x07\x1b]52;c;UFdORUQ=\x07\x1b[31m\x1b[2J\x1b[6n\x1bPq\x1b\\\x1bc\x9b31m\x9d0;x\x9c"
    "\x07\x08\x00\x0e\x0b\x0c\xff\x7f\r\u202e\u2066\u200b\u2028"
)

NAMES = [
    "José Łukasz O’Brien", "Größe [XL]", "渋谷区 東京都", "김철수", "Анна Каренина", "Ελένη", "שרה כהן", "محمد علي",
    "می‌خواهم", "क्षत्रिय", "นภา", "Nguyễn Thị Hồng", "Zażółć gęślą jaźń", "👨‍👩‍👧‍👦 family", "🇩🇪 flag", "❤️‍🔥", "☎️", "1️⃣",
    "ﷺ", "葛\U000e0100城市", "Å", "ﬁ", "½", "Dvořák-Šimůnek", "བཀྲ་ཤིས", "ខ្មែរ", "മലയാളം", "ಕನ್ನಡ", "தமிழ்",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_a_real_name_comes_through_as_it_is(name: str) -> None:
    assert clean_line(name, longest=100) == unicodedata.normalize("NFC", name)
    assert is_clean(name)


def test_escape_sequences_lose_what_makes_them_work() -> None:
    cleaned = clean_line(f"Anna{PAYLOAD} Schmidt", longest=200)
    assert is_clean(cleaned)
    assert not any(unicodedata.category(character) in {"Cc", "Cf", "Cs", "Zl", "Zp"} for character in cleaned)
    assert cleaned.startswith("Anna]0;PWNED-TITLE")


@pytest.mark.parametrize(
    ("dirty", "kept"),
    [
        ("  two   spaces\t and\ttabs ", "two spaces and tabs"),
        ("line\r\nbreaks\nare\u2028spaces", "line breaks are spaces"),
        ("no\u00a0break\u3000space", "no break space"),
        ("zero\u200bwidth\ufeff\u2060\u00ad", "zerowidth"),
        ("\u200emarked\u200f", "marked"),
        ("Pay\u200dPal", "PayPal"),
        ("abc\u202edef\u202c", f"abc{MARK}def{MARK}"),
        ("tag\U000e0067\U000e007fged", f"tag{MARK}ged"),
        ("half\udcff\ud83d", f"half{MARK}"),
        ("e\u0301", "é"),
        ("\u3164\u115f", ""),
        ("a\ufe0f\ufe0f\ufe0f", "a\ufe0f"),
    ],
)
def test_what_pads_goes_and_what_deceives_leaves_a_mark(dirty: str, kept: str) -> None:
    assert clean_line(dirty, longest=100) == kept


def test_a_note_keeps_its_lines_and_nothing_else() -> None:
    note = "Called.\r\n\r\n\r\n\r\n\r\n\r\nNo answer.  \rTry\tagain\x0bat 5\x07\n\n"
    assert clean_text(note, longest=200) == "Called.\n\n\nNo answer.\nTry again\nat 5"


def test_a_flood_of_marks_is_capped_on_every_letter() -> None:
    flood = "Z" + "\u0301\u0300\u0302\u0303" * 1250 + "algo" + "\u0489" * 5000
    cleaned = clean_line(flood, longest=20_000)
    assert len(cleaned) < 20
    assert cleaned.replace("\u0301", "").startswith("Z") or cleaned[0] == "Ź"
    assert len(visible(flood)) < 20


def test_too_long_a_text_is_cut_with_a_mark_and_never_inside_a_letter() -> None:
    assert clean_line("abcdef", longest=4) == "abc…"
    assert clean_line("abcd", longest=4) == "abcd"
    family = "👨‍👩‍👧" * 4
    assert all(is_clean(clean_line(family, longest=length)) for length in range(1, 20))
    assert all(len(clean_text(family, longest=length)) <= length for length in range(1, 20))


@given(
    st.text(max_size=80)
    | st.text(alphabet="a م\u200c\u200d\ufe0f\u0301\u202e\x1b\n\r\t☎👨\u3000\udcff\U000e0041", max_size=40)
)
def test_whatever_comes_in_what_is_stored_is_clean_composed_and_stays_so(text: str) -> None:
    line, lines = clean_line(text, longest=60), clean_text(text, longest=60)
    assert is_clean(line) and is_clean(lines, lines=True)
    assert unicodedata.is_normalized("NFC", line) and unicodedata.is_normalized("NFC", lines)
    assert len(line) <= 60 and len(lines) <= 60
    assert (clean_line(line, longest=60), clean_text(lines, longest=60)) == (line, lines)
    line.encode()
    lines.encode()


@given(st.text(max_size=80))
def test_what_is_printed_holds_nothing_that_steers(text: str) -> None:
    assert is_clean(visible(text))
    assert is_clean(visible(text, lines=True), lines=True)


def test_printing_shows_that_something_was_there() -> None:
    assert visible("a\x1b[2Jb") == f"a{MARK}[2Jb"
    assert visible("one\ntwo\r", lines=True) == f"one\ntwo{MARK}"


def test_words_that_pretend_are_found_and_foreign_ones_are_not() -> None:
    assert mixed_words("Pаypal Inc") == ("Pаypal",)
    assert mixed_words("Αpple") == ("Αpple",)
    assert mixed_words("Анна Schmidt, Ελένη, müller, 10kΩ") == ()


def test_control_a_cleaner_that_only_drops_c0_lets_the_payload_through() -> None:
    def naive(text: str) -> str:
        return "".join(character for character in text if character >= " ")

    assert not is_clean(naive(PAYLOAD))
