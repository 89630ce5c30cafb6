"""Writing the mail of a status on a form: filled in again while nobody has touched its words, left alone afterwards."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, datetime

from opsdesk.domain.errors import OpsDeskError
from opsdesk.domain.mails.letters import AskedPayment, LetterFacts, LetterParcel, LetterRefund
from opsdesk.domain.mails.outgoing import Letter
from opsdesk.domain.statuses.menu import Status
from opsdesk.operations.statuses.previewing import Preview, preview
from opsdesk.screens.forms.base import OrderForm
from opsdesk.store.views.mails.letters import letter_facts
from opsdesk.store.views.users import user_named
from opsdesk.widgets.fields import Field

LONGEST_MAIL = 20_000


def mail_fields(rows: int) -> list[Field]:
    """Return the fields of a mail's words."""
    return [
        Field("subject", "subject", longest=200),
        Field("text", "mail", rows=rows, longest=LONGEST_MAIL),
    ]


class LetterForm(OrderForm):
    """A form with a mail on it. `written` is the mail as the template has it; the fields hold it as it will go out."""

    written: Preview | None = None

    @property
    def is_reworded(self) -> bool:
        """True once somebody changed the words of the mail."""
        if self.written is None:
            return False
        values, letter = self.form.values, self.written.letter
        return bool(values["text"].strip()) and (values["subject"], values["text"]) != (letter.subject, letter.text)

    async def write_letter(
        self,
        status: Status,
        *,
        expected_on: date | None = None,
        parcel: LetterParcel | None = None,
        refund: LetterRefund | None = None,
        asked: AskedPayment | None = None,
    ) -> Preview | None:
        """Fill the template in; words that somebody changed stay as they are."""

        def with_news(facts: LetterFacts) -> LetterFacts:
            parcels = (parcel,) if parcel is not None else facts.parcels
            return replace(facts, parcels=parcels, refund=refund, asked=asked)

        made = await self.make_letter(status, with_news, expected_on=expected_on)
        if made is not None and self.is_attached and not self.is_reworded:
            self.show_letter(made)
        return made

    async def make_letter(
        self, status: Status, change: Callable[[LetterFacts], LetterFacts], *, expected_on: date | None = None
    ) -> Preview | None:
        """Write the mail of a status for the order as `change` says it will be, and show it nowhere."""
        agent = await self._agent()
        try:
            facts = change(await self.desk.read(letter_facts, self.order_id, agent=agent))
            return await self.desk.run(
                preview,
                self.desk.letters,
                self.desk.shop.facts,
                status,
                facts,
                now=self.desk.clock(),
                expected_on=expected_on,
                fraud=self.desk.store.fraud,
            )
        except OpsDeskError as error:
            self.show_refusal(error)
            return None

    def show_letter(self, made: Preview) -> None:
        """Put the words of the template into the fields."""
        self.written = made
        self.begin_with({"subject": made.letter.subject, "text": made.letter.text})

    def reworded(self, values: Mapping[str, str]) -> Letter:
        """Return the mail as it will go out.

        Raises:
            Invalid: the words cannot be sent.
        """
        assert self.written is not None, "A mail is written before it is sent."
        return self.desk.letters.reword(self.written.letter, subject=values["subject"], text=values["text"])

    def titles(self) -> tuple[str, ...]:
        """Return what the goods are called; a title may hold any word."""
        return tuple(line.title for line in self.detail.lines) if self.detail else ()

    async def _agent(self) -> str:
        who = await self.fetch(user_named, self.desk.actor.name)
        return who.full_name if who is not None and who.full_name else self.desk.actor.name

    def deadline_of(self, kept: str) -> datetime | None:
        """Return a deadline that a draft named."""
        return datetime.fromisoformat(kept) if kept else None
