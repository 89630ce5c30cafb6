"""Write a great many letters from the shipped templates: each is made ready once, then filled in again and again.

`TemplateWriter` makes a new sandbox for every letter, because a template may have been edited since the last one.
"""

from __future__ import annotations

import re

from jinja2 import Template
from jinja2.environment import create_cache

from opsdesk.domain.mails.letters import LetterFacts, ShopFacts
from opsdesk.domain.mails.outgoing import Letter, require_letter
from opsdesk.integrations.mail import press
from opsdesk.integrations.mail.contexts import mail_context
from opsdesk.integrations.mail.shelf import TemplateShelf

_BLANK_LINES = re.compile(r"\n{3,}")
_PIECES = 20


class QuickWriter:
    """Writes letters from shipped templates alone."""

    def __init__(self, shelf: TemplateShelf, shop: ShopFacts) -> None:
        self._shelf = shelf
        self._shop = shop
        self._ready: dict[tuple[str, str], tuple[str, dict[str, Template]]] = {}

    def write(self, template: str, facts: LetterFacts) -> Letter:
        """Fill in the template of the language nearest to the order's.

        Raises:
            Invalid: there is no such template.
        """
        language, parts = self._prepared(template, facts.language)
        context = mail_context(facts, self._shop, language)
        subject, text, html = (parts[part].render(context) for part in press.PARTS)
        return require_letter(Letter(subject, _BLANK_LINES.sub("\n\n", text).strip() + "\n", html, language))

    def _prepared(self, template: str, language: str) -> tuple[str, dict[str, Template]]:
        found = self._ready.get((template, language))
        if found is None:
            shipped = self._shelf.find(template, language)
            own = {press.NAMES[part]: str(getattr(shipped.text, part)) for part in press.PARTS}
            sandbox = press.environment(self._shelf.parts() | own)
            sandbox.cache = create_cache(_PIECES)
            parts = {part: sandbox.get_template(name) for part, name in press.NAMES.items()}
            found = self._ready[template, language] = (shipped.language, parts)
        return found
