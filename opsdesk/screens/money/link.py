"""The pay link: ask for money with one, show it as a code that a telephone reads, copy it, take it back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content

from opsdesk.domain.errors import Invalid, OpsDeskError
from opsdesk.domain.mails.letters import AskedPayment
from opsdesk.domain.mails.outgoing import Letter
from opsdesk.domain.money import Money
from opsdesk.domain.payments.pay_links import ADDRESS_COMES, LASTS, PAID_STATUS
from opsdesk.domain.statuses.menu import Status
from opsdesk.operations.payments.pay_links import ask_for_payment, cancel_link
from opsdesk.screens.forms.filling import show_field
from opsdesk.screens.frame.host import StoreChange
from opsdesk.screens.frame.latest import run_latest
from opsdesk.screens.frame.writing import LetterForm, mail_fields
from opsdesk.screens.money.base import MoneyForm
from opsdesk.screens.money.words import LINK_WORDS
from opsdesk.store.views.money.parts import LinkView
from opsdesk.store.views.orders.detail import OrderDetail
from opsdesk.theme import Tone
from opsdesk.widgets.fields import Field
from opsdesk.widgets.key_bar import BarKey
from opsdesk.widgets.paper import Paper, paragraph
from opsdesk.widgets.qr_code import qr_lines

_ASKS = Status("pay_link", "Pay link", "Awaiting payment", "pay_link", ())
_DAYS = str(LASTS.days)
_ROWS_BESIDES = 7
"""Rows of the panel that the code cannot have: frame, title, order, amount, message, keys."""


class PayLinkPanel(MoneyForm, LetterForm):
    """While no link can be paid, a form that asks for one; else the link, as a code and in letters."""

    ACTION = KEY = "pay_link"
    DRAFT = "pay_link"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("Y", "copy", show=False)]

    def __init__(self, order_id: int) -> None:
        fields = [
            Field("amount", "amount", longest=20),
            Field("days", "days to pay", _DAYS, longest=3),
            Field("authorise", "authorise only", "no", hint="yes: captured later, e.g. when it ships", longest=3),
            *mail_fields(9),
        ]
        super().__init__("PAY LINK", fields, order_id)

    def compose_form(self) -> ComposeResult:
        """Yield the place of the link above the form."""
        yield Paper(id="pay-link")
        yield self.form

    @property
    def link(self) -> LinkView | None:
        """The link that can be paid now, or is being made."""
        return self.sheet.open_link if self.sheet else None

    def values_of(self, detail: OrderDetail) -> Mapping[str, str]:
        """Begin with what is due and not authorised."""
        if self.sheet is None:
            return {}
        return {"amount": str(self.sheet.to_ask.amount)}

    def arrived(self, detail: OrderDetail) -> None:
        """Show the link that there is, or write the mail of a new one."""
        has_mail = self.detail is not None and self.detail.facts.has_email
        for name in ("amount", "days", "authorise", "subject", "text"):
            is_mail = name in ("subject", "text")
            show_field(self.form, name, is_shown=self.link is None and (has_mail or not is_mail))
        self._show_link()
        if self.link is None and has_mail and self.written is None:
            self.say("The gateway makes the address; it is put into the mail before that goes out.")
            self.begin(self._write_mail())

    def take_in(self, change: StoreChange) -> None:
        """Show the code as soon as the gateway has made the link, and that it is paid."""
        if self.link is None:
            super().take_in(change)
        if self.order_id in change.order_ids:
            run_latest(self, self._look_again, "link")

    async def _look_again(self) -> None:
        had = self.link
        if self.detail is not None:
            await self.prepare(self.detail)
        if not self.is_attached or self.sheet is None:
            return
        newest = self.sheet.links[0] if self.sheet.links else None
        self._show_link()
        self.show_keys()
        if had is not None and newest is not None and newest.id == had.id and newest.state != had.state:
            word = LINK_WORDS.get(newest.state, (newest.state, ""))[0]
            (self.say_done if newest.state in ("paid", "open") else self.say_no)(f"{newest.amount}: {word}.")

    def _show_link(self) -> None:
        link = self.link
        paper = self.query_one("#pay-link", Paper)
        if link is None:
            paper.show(lambda _width: ())
            return
        rows = max(0, self.app.size.height - _ROWS_BESIDES)
        paper.show(lambda width: _link_lines(link, self._until(link), width, rows))

    def _until(self, link: LinkView) -> str:
        return f"{link.expires_at.astimezone(self.desk.zone):%a %d %b %H:%M}"

    def why_not(self, action: str, *parameters: object) -> str | None:
        """Taking a link back that can be paid is always possible."""
        if action == "commit" and self.link is not None:
            return None
        return super().why_not(action, *parameters)

    def commit_label(self) -> str | None:
        """Say what F9 does."""
        return "TAKE THE LINK BACK" if self.link is not None else "SEND THE LINK"

    def panel_keys(self) -> Sequence[BarKey]:
        """Show that the link can be copied."""
        copy = [BarKey("order.copy", "Y", "copy it")] if self.link is not None and self.link.url else []
        return [*super().panel_keys(), *copy]

    def action_copy(self) -> None:
        """Copy the link."""
        if self.link is not None and self.link.url:
            self.app.copy_to_clipboard(self.link.url)
            self.say_done("The link is copied.")

    def commit(self, values: Mapping[str, str]) -> None:
        """Ask for the money, or take the link back."""
        if self.link is not None:
            self.carry_out(cancel_link, self.link.id)
            return
        self.begin(self._ask(values))

    async def _ask(self, values: Mapping[str, str]) -> None:
        amount = self.amount_in(values)
        if amount is None:
            return
        try:
            lasts = _lasting(values["days"])
            tell = await self._letter(values, amount, lasts)
            thanks = await self._thanks()
        except OpsDeskError as error:
            self.show_refusal(error)
            return
        self.carry_out(
            ask_for_payment,
            self.order_id,
            version=self.version,
            amount=amount,
            expires_in=lasts,
            tell=tell,
            thanks=thanks,
            authorise_only=values["authorise"].strip().lower() in ("yes", "y"),
        )

    # The mail.

    async def _write_mail(self) -> None:
        amount = self.sheet.to_ask if self.sheet else None
        if amount is not None and amount.minor > 0:
            await self.write_letter(_ASKS, asked=self._asked(amount, LASTS))

    def _asked(self, amount: Money, lasts: timedelta) -> AskedPayment:
        return AskedPayment(ADDRESS_COMES, amount, self.desk.clock() + lasts)

    async def _letter(self, values: Mapping[str, str], amount: Money, lasts: timedelta) -> Letter | None:
        if self.detail is None or not self.detail.facts.has_email:
            return None
        if not self.is_reworded:
            await self.write_letter(_ASKS, asked=self._asked(amount, lasts))
            values = self.form.values
        return self.reworded(values)

    async def _thanks(self) -> Letter | None:
        """Write the mail that goes out when the link was paid."""
        paid = next((each for each in self.desk.statuses.statuses if each.code == PAID_STATUS), None)
        if paid is None or self.written is None:
            return None
        thanks = await self.make_letter(paid, lambda facts: replace(facts, paid=facts.total))
        return thanks.letter if thanks else None


def _link_lines(link: LinkView, until: str, width: int, rows: int) -> list[Content]:
    word, tone = LINK_WORDS.get(link.state, (link.state, Tone.PLAIN.style))
    lines = paragraph(f"{link.amount}: {word} until {until}", width, style=tone)
    if not link.url:
        return [*lines, *paragraph("The worker asks the gateway for it. The code comes here by itself.", width)]
    address = paragraph(link.url, width, style=Tone.NOW.style)
    code = qr_lines(link.url, columns=width, rows=rows)
    if code is None:
        return [*lines, *address, *paragraph("The code does not fit on this terminal. Copy the link (Y).", width)]
    # On a small terminal the code goes before the address, which Y copies.
    return [*lines, *(address if len(code) + len(address) <= rows else []), *code]


def _lasting(days: str) -> timedelta:
    text = days.strip()
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        raise Invalid("days", "Write for how many days the link can be paid, e.g. 3.")
    return timedelta(days=int(text))
