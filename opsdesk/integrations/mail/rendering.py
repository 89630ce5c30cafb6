"""Write letters from templates: shipped ones here, the shop's own in the locked room."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import escape
from typing import cast

from opsdesk.domain.errors import Invalid
from opsdesk.domain.mails.letters import LetterFacts, ShopFacts
from opsdesk.domain.mails.outgoing import Letter, require_letter
from opsdesk.integrations.mail import press
from opsdesk.integrations.mail.contexts import (
    EXAMPLE_SHOP,
    example_facts,
    mail_context,
    sparse_facts,
)
from opsdesk.integrations.mail.lint import filled_in_problems, find_problems
from opsdesk.integrations.mail.locked_press import LockedPress
from opsdesk.integrations.mail.shelf import TemplateShelf
from opsdesk.integrations.ports import Plain, TemplateProblem, TemplateText

_PART_OF_NAME = {name: part for part, name in press.NAMES.items()}
_BLANK_LINES = re.compile(r"\n{3,}")


def require_plain(value: object) -> None:
    """Make sure that a template gets nothing but words, numbers, lists and dictionaries.

    Raises:
        TypeError: something in there can act, for instance a row of the store.
    """
    if value is None or type(value) in (bool, int, str):
        return
    if type(value) is list:
        for item in value:
            require_plain(item)
        return
    if type(value) is dict:
        for name, item in value.items():
            if type(name) is not str:
                raise TypeError("A template's tokens have names.")
            require_plain(item)
        return
    raise TypeError(f"A template must not get a {type(value).__name__}.")


class TemplateWriter:
    """Writes letters from the templates of one shelf; the `LetterWriter` of the ports."""

    def __init__(
        self,
        shelf: TemplateShelf,
        forbidden: Mapping[str, tuple[str, ...]],
        shop: ShopFacts = EXAMPLE_SHOP,
    ) -> None:
        self._shelf = shelf
        self._forbidden = forbidden
        self._shop = shop
        self._locked = LockedPress()

    def write(self, template: str, facts: LetterFacts) -> Letter:
        """Fill in the template of the language nearest to the order's.

        Raises:
            Invalid: there is no such template, or it cannot be filled in; the sentence says where.
        """
        found = self._shelf.find(template, facts.language)
        context = mail_context(facts, self._shop, found.language)
        sources = self._sources(found.text)
        reply = self._direct(sources, context) if found.is_shipped else self._locked.ask(sources, context)
        return _letter(reply, found.language)

    def reword(self, letter: Letter, *, subject: str, text: str) -> Letter:
        """Return the letter with staff's own words; its HTML part follows the text."""
        if (subject, text) == (letter.subject, letter.text):
            return letter
        html = letter.html if text == letter.text else html_of(text)
        return require_letter(Letter(subject, text, html, letter.language))

    def source(self, template: str, language: str) -> TemplateText:
        """Return the parts of a template for editing; empty parts where there is none yet."""
        return self._shelf.exact(template, language) or TemplateText("", "", "")

    def languages(self, template: str) -> tuple[str, ...]:
        """Return the languages in which the template exists."""
        return self._shelf.languages(template)

    def lint(
        self, template: str, language: str, source: TemplateText, *, has_deadline: bool
    ) -> tuple[TemplateProblem, ...]:
        """Return everything that is wrong with a template, in order of its lines."""
        words = self.forbidden(language)
        example = mail_context(example_facts(has_deadline=has_deadline), self._shop, language)
        found = find_problems(
            source,
            parts=self._shelf.parts(),
            example=example,
            has_deadline=has_deadline,
            forbidden=words,
        )
        if not found:
            sparse = mail_context(sparse_facts(has_deadline=has_deadline), self._shop, language)
            for context in (example, sparse):
                found += self._trial(source, context, words)
        place = {part: position for position, part in enumerate(press.PARTS)}
        return tuple(
            sorted(
                dict.fromkeys(found),
                key=lambda problem: (place.get(problem.part, 9), problem.line),
            )
        )

    def example(self, template: str, language: str, source: TemplateText) -> Letter:
        """Fill in an unsaved template with an example order.

        Raises:
            Invalid: it cannot be filled in; the sentence says where.
        """
        context = mail_context(example_facts(), self._shop, language)
        return _letter(self._locked.ask(self._sources(source), context), language)

    def save(self, template: str, language: str, source: TemplateText) -> None:
        """Keep the template as the shop's own."""
        self._shelf.save(template, language, source)

    def forbidden(self, language: str) -> tuple[str, ...]:
        """Return the words that no mail in this language may hold; the English ones count everywhere."""
        own = self._forbidden.get(language.partition("-")[0], ())
        return tuple(dict.fromkeys((*own, *self._forbidden.get("en", ()))))

    def close(self) -> None:
        """End the child process."""
        self._locked.close()

    def _sources(self, text: TemplateText) -> dict[str, str]:
        own = {press.NAMES[part]: str(getattr(text, part)) for part in press.PARTS}
        return self._shelf.parts() | own

    def _direct(self, sources: Mapping[str, str], context: dict[str, Plain]) -> dict[str, object]:
        require_plain(context)
        return press.answer({"sources": dict(sources), "context": context})

    def _trial(self, source: TemplateText, context: dict[str, Plain], words: tuple[str, ...]) -> list[TemplateProblem]:
        reply = self._locked.ask(self._sources(source), context)
        if "parts" in reply:
            return list(filled_in_problems(cast(dict[str, str], reply["parts"]), words))
        name, line = str(reply["template"]), cast(int, reply["line"])
        return [TemplateProblem(_PART_OF_NAME.get(name, name or "text"), line, f"{reply['problem']}")]


def html_of(text: str) -> str:
    """Make a plain HTML part of staff's own text."""
    paragraphs = [escape(paragraph).replace("\n", "<br>\n") for paragraph in text.strip().split("\n\n")]
    body = "\n".join(f"<p>{paragraph}</p>" for paragraph in paragraphs)
    style = "max-width:600px;margin:0 auto;padding:24px;font:16px/24px Arial,Helvetica,sans-serif;"
    head = '<!doctype html>\n<html><head><meta charset="utf-8"></head>'
    return f'{head}\n<body><div style="{style}">\n{body}\n</div></body></html>\n'


def _letter(reply: Mapping[str, object], language: str) -> Letter:
    if "parts" not in reply:
        name = _PART_OF_NAME.get(str(reply["template"]), str(reply["template"]) or "template")
        raise Invalid(
            "template",
            f"The e-mail cannot be written: {name}, line {reply['line']}: {reply['problem']}",
        )
    parts = cast(dict[str, str], reply["parts"])
    text = _BLANK_LINES.sub("\n\n", parts.get("text", "")).strip() + "\n"
    return require_letter(Letter(parts.get("subject", ""), text, parts.get("html") or html_of(text), language))
