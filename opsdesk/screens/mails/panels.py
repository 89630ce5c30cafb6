"""Panels about one mail: its words changed before it goes out, or read as it went; and what became of one in doubt."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content

from opsdesk.domain.mails.outgoing import LONGEST_SUBJECT, Letter
from opsdesk.screens.frame.panels import DeskPanel, FormPanel
from opsdesk.widgets.choices import Choice
from opsdesk.widgets.fields import Field
from opsdesk.widgets.paper import Paper

if TYPE_CHECKING:
    from opsdesk.store.views.mails.listing import MailText

ARRIVED, AGAIN = "arrived", "again"
_FEWEST_ROWS, _MOST_ROWS = 3, 16
_AROUND = 13
"""Lines of the panel besides the text: borders, title, subject, message, keys."""


class MailEditPanel(FormPanel[object]):
    """The words of a mail that has not gone out yet. Its HTML part follows the text."""

    DRAFT = "mail"

    def __init__(self, mail: MailText) -> None:
        fields = [
            Field("subject", "Subject", mail.line.subject, longest=LONGEST_SUBJECT),
            Field("text", "Text", mail.text, rows=_MOST_ROWS),
        ]
        super().__init__(f"MAIL TO {mail.line.recipient}", fields, subject_id=mail.line.id)
        self._mail = mail

    def on_resize(self) -> None:
        """Give the text what the screen has room for."""
        super().on_resize()
        self.form.widget("text").styles.height = max(_FEWEST_ROWS, min(_MOST_ROWS, self.app.size.height - _AROUND))

    def commit_label(self) -> str | None:
        """Say what F9 does."""
        return "SAVE THE MAIL"

    def commit(self, values: Mapping[str, str]) -> None:
        """Save the words; it still goes out when it is due."""
        self.begin(self._save(values["subject"], values["text"]))

    async def _save(self, subject: str, text: str) -> None:
        from opsdesk.domain.errors import OpsDeskError
        from opsdesk.operations.mails.outbox import edit

        mail = self._mail
        letter = Letter(mail.line.subject, mail.text, mail.html, mail.language)
        try:
            reworded = await self.desk.run(self.desk.letters.reword, letter, subject=subject, text=text)
        except OpsDeskError as error:
            self.show_refusal(error)
            return
        done = await self.attempt(edit, mail.line.id, version=mail.line.version, letter=reworded)
        if done is not None and self.is_attached:
            self.done(done)


class MailReadPanel(DeskPanel[None]):
    """A mail as it was sent."""

    BODY_FOCUS = "VerticalScroll"

    def __init__(self, mail: MailText, draw: Callable[[int], Sequence[Content]]) -> None:
        super().__init__(f"MAIL TO {mail.line.recipient}")
        self._draw = draw

    def compose_body(self) -> ComposeResult:
        """Yield the mail, which scrolls."""
        with VerticalScroll(can_focus=True, classes="panel--scroll"):
            yield Paper(self._draw)


def doubt_choices() -> list[Choice]:
    """Return what can have become of a mail that is in doubt."""
    return [
        Choice(ARRIVED, "It arrived", "the customer has it, or the mail server's log says so"),
        Choice(AGAIN, "Send it again", "if it did arrive, the customer gets it twice"),
    ]
