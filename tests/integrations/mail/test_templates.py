"""Templates: what they may do, what is found wrong on saving, and in which language they answer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from opsdesk.domain.errors import Invalid, Unavailable
from opsdesk.domain.mails.letters import LetterLine
from opsdesk.domain.money import Money
from opsdesk.domain.statuses.entries import read_statuses
from opsdesk.integrations.mail.contexts import EXAMPLE_SHOP, example_facts, mail_context
from opsdesk.integrations.mail.locked_press import LockedPress
from opsdesk.integrations.mail.rendering import TemplateWriter, require_plain
from opsdesk.integrations.mail.shelf import TemplateShelf, read_forbidden_words
from opsdesk.integrations.ports import TemplateText

DATA = Path(__file__).parents[3] / "data"
STATUSES = read_statuses((DATA / "statuses.toml").read_text("utf-8")).statuses
GOOD = TemplateText("Order {{ order.number }}", "Hello {{ customer.name }}\n", "<p>{{ customer.name }}</p>\n")
WORDS = read_forbidden_words(DATA / "forbidden_words.toml")


@pytest.fixture
def own(tmp_path: Path) -> Path:
    return tmp_path / "own"


@pytest.fixture
def writer(own: Path) -> Iterator[TemplateWriter]:
    made = TemplateWriter(TemplateShelf(DATA / "templates", own), WORDS)
    yield made
    made.close()


@pytest.fixture(scope="module")
def press() -> Iterator[LockedPress]:
    made = LockedPress()
    yield made
    made.close()


@pytest.mark.parametrize("status", STATUSES, ids=lambda status: status.code)
def test_every_shipped_status_has_a_clean_mail_in_english_and_german(writer: TemplateWriter, status) -> None:
    languages = writer.languages(status.template)
    assert {"en", "de"} <= set(languages)
    for language in languages:
        source = writer.source(status.template, language)
        assert writer.lint(status.template, language, source, has_deadline=status.has_deadline) == ()
        letter = writer.write(status.template, replace(example_facts(), language=language))
        assert "104501" in letter.subject + letter.text
        assert "&lt;extra&gt;" in letter.html or "<extra>" not in letter.html
        assert 'width="600"' in letter.html
        assert f'<html lang="{language}">' in letter.html


@pytest.mark.parametrize(
    ("language", "answered"), [("de", "de"), ("de-AT", "de"), ("fr", "fr"), ("pt-BR", "en"), ("", "en"), ("../x", "en")]
)
def test_the_nearest_language_answers(writer: TemplateWriter, language: str, answered: str) -> None:
    assert writer.write("shipped", replace(example_facts(), language=language)).language == answered


def test_a_missing_language_falls_back_in_the_whole_mail_and_not_only_in_half_of_it(writer: TemplateWriter) -> None:
    letter = writer.write("awaiting_confirmation", replace(example_facts(), language="fr"))
    assert "by Thursday, March 5, 2026, 10:00" in letter.text.replace("\u202f", " ")


def test_the_deadline_is_spelt_out_in_the_customers_language_and_the_shops_zone(writer: TemplateWriter) -> None:
    letter = writer.write("potential_fraud", replace(example_facts(), language="de"))
    assert "bis Donnerstag, 5. März 2026, 10:00 (Mittlere Greenwich-Zeit)" in letter.text
    assert "bis Donnerstag, 5. März 2026, 10:00 (Mittlere Greenwich-Zeit)" in letter.html


def _lint(writer: TemplateWriter, text: TemplateText, *, has_deadline: bool = False) -> list[tuple[str, int, str]]:
    problems = writer.lint("received", "en", text, has_deadline=has_deadline)
    return [(problem.part, problem.line, problem.message) for problem in problems]


@pytest.mark.parametrize(
    ("change", "part", "line", "said"),
    [
        ({"text": "a\n{{ order.nmber }}"}, "text", 2, "There is no {{ order.nmber }} here."),
        ({"text": "a\n{% if false %}\n{{ ordr }}{% endif %}"}, "text", 3, "There is no {{ ordr }} here."),
        ({"html": "{% for l in order.lines %}\n{{ l.pric }}{% endfor %}"}, "html", 2, "There is no {{ l.pric }} here."),
        ({"text": "{{ deadline }}"}, "text", 1, "There is no {{ deadline }} here."),
        ({"text": "a\nb {% if"}, "text", 2, "Cannot be read"),
        ({"text": "We found FRAUD here"}, "text", 1, "'fraud' must not stand"),
        ({"html": "<p>a\n<b>sus</b>picious or suspicious</p>"}, "html", 2, "'suspicio' must not stand"),
        ({"text": "{{ 'fra' ~ 'ud' }}"}, "text", 1, "'fraud' must not stand"),
        ({"subject": " "}, "subject", 1, "The subject is missing."),
        ({"text": ""}, "text", 1, "The text is missing."),
        ({"subject": "a\nBcc: x@example.com"}, "subject", 1, "holds a line break"),
        ({"subject": "=?UTF-8?Q?=0A?=Bcc: x"}, "subject", 1, "looks like an encoded header"),
        ({"subject": "{{ '=' }}?UTF-8?Q?=0A?=Bcc: x"}, "subject", 1, "looks like an encoded header"),
        ({"html": "<p>\n<script>1</script>"}, "html", 2, "has no place in a mail"),
        ({"html": "<a href='javascript:1'>"}, "html", 1, "has no place in a mail"),
        ({"html": "{{ customer.name|safe }}"}, "html", 1, "safe"),
        ({"html": "a\n{% autoescape false %}{% endautoescape %}"}, "html", 2, "Escaping cannot be switched off."),
        ({"html": "{% include '/etc/passwd' %}"}, "html", 1, "Only these can be included"),
        ({"text": "{% include x %}"}, "text", 1, "Only these can be included"),
        ({"text": "{{ parcels[0].carrier }}"}, "text", 1, "has no element"),
    ],
)  # fmt: skip
def test_saving_says_what_is_wrong_and_where(
    writer: TemplateWriter, change: dict[str, str], part: str, line: int, said: str
) -> None:
    found = _lint(writer, replace(GOOD, **change))
    assert any((p, n) == (part, line) and said in message for p, n, message in found), found


def test_a_good_template_has_no_problems_and_a_missing_deadline_is_one(writer: TemplateWriter) -> None:
    assert _lint(writer, GOOD) == []
    assert {part for part, _, message in _lint(writer, GOOD, has_deadline=True) if "deadline" in message} == {
        "text",
        "html",
    }


def test_the_shops_own_template_comes_before_the_shipped_one(writer: TemplateWriter, own: Path) -> None:
    writer.save("shipped", "en", GOOD)
    assert writer.write("shipped", example_facts()).text == "Hello Ada Example\n"
    assert sorted(file.name for file in (own / "shipped").iterdir()) == ["en.html", "en.subject", "en.txt"]


@pytest.mark.parametrize(
    ("template", "language"),
    [("../x", "en"), ("x/y", "en"), ("parts", "en"), ("", "en"), ("x", "../en"), ("x", "en/../.."), ("X", "en")],
)
def test_a_template_cannot_be_written_outside_its_folder(
    writer: TemplateWriter, own: Path, template: str, language: str
) -> None:
    with pytest.raises(Invalid):
        writer.save(template, language, GOOD)
    assert not own.exists()


def test_a_shop_without_its_own_folder_is_told_so() -> None:
    with pytest.raises(Unavailable):
        TemplateShelf(DATA / "templates").save("shipped", "en", GOOD)


def test_what_a_customer_typed_is_never_rendered_twice(writer: TemplateWriter) -> None:
    writer.save("shipped", "en", GOOD)
    for template in ("received", "shipped"):
        typed = "{{ 7 * 191 }}{% for x in [1] %}{{ order.number }}{% endfor %}"
        facts = replace(
            example_facts(),
            customer_name=typed,
            lines=(LetterLine(typed, 1, Money(1, "EUR"), typed),),
            address=(typed,),
        )
        letter = writer.write(template, facts)
        assert "{{ 7 * 191 }}" in letter.text
        assert "1337" not in letter.text + letter.html


def test_html_of_customers_is_text(writer: TemplateWriter) -> None:
    facts = replace(example_facts(), customer_name="<img src=x onerror=alert(1)>")
    letter = writer.write("received", facts)
    assert "<img" not in letter.html
    assert "&lt;img" in letter.html


def test_reworded_text_takes_the_html_part_along(writer: TemplateWriter) -> None:
    letter = writer.write("received", example_facts())
    assert writer.reword(letter, subject=letter.subject, text=letter.text) is letter
    changed = writer.reword(letter, subject="New", text="Dear <Ada>,\n\nhello")
    assert "<p>Dear &lt;Ada&gt;,</p>" in changed.html
    assert changed.subject == "New"


class _Row:
    def delete(self) -> str:
        return "deleted"


@pytest.mark.parametrize("value", [_Row(), {"order": _Row()}, [(1,)], {1: "a"}, 1.5, b"x", {"a": {1, 2}}])
def test_only_plain_values_reach_a_template(value: object) -> None:
    with pytest.raises(TypeError):
        require_plain(value)


def test_the_snapshot_of_an_order_is_plain() -> None:
    require_plain(mail_context(example_facts(), EXAMPLE_SHOP, "en"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{% for a in [1]*9999 %}{% for b in [1]*9999 %}{% endfor %}{% endfor %}", "more than 200 ms"),
        ("{{ 10**(9**9) }}", "more than 200 ms"),
        ("{{ 'a'*10**10 }}", "memory"),
        ("{{ ['a'*10**8]*10**8 }}", "memory"),
        ("{{ 'a'*300000 }}", "longer than 256 kB"),
        ("{% for a in [1]*3000 %}{{ 'a'*100 }}{% endfor %}", "longer than 256 kB"),
        ("{% include 'body.txt' %}", "includes itself"),
        ("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", "includes itself"),
    ],
)
def test_a_template_that_eats_the_machine_is_stopped_and_the_next_one_is_served(
    press: LockedPress, text: str, said: str
) -> None:
    reply = press.ask({"body.txt": text}, {})
    assert said in str(reply.get("problem")), reply
    assert press.ask({"body.txt": "fine"}, {}) == {"parts": {"text": "fine"}}
