"""The refund composer: units per line, shipping, fees, goodwill; over which payments; and the mail that tells of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import PurePath
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content

from opsdesk.domain.errors import Invalid, OpsDeskError
from opsdesk.domain.mails.letters import LetterRefund
from opsdesk.domain.mails.outgoing import Letter
from opsdesk.domain.money import Money
from opsdesk.domain.people.permissions import why_not_within
from opsdesk.domain.refunds.credit_notes import note_words
from opsdesk.domain.refunds.parts import RefundContent
from opsdesk.domain.refunds.preview import RefundPreview, part_words, preview, share_words
from opsdesk.domain.refunds.states import RefundReason
from opsdesk.domain.statuses.menu import Status
from opsdesk.operations.refunds.asking import request
from opsdesk.screens.forms.filling import show_field
from opsdesk.screens.frame.latest import run_latest
from opsdesk.screens.frame.panels import ChoicePanel
from opsdesk.screens.frame.writing import LetterForm, mail_fields
from opsdesk.screens.money.refund_fields import choices_of, content_of, fields_of, whole_refund
from opsdesk.store.views.money.refunding import RefundGrounds, refund_grounds
from opsdesk.store.views.orders.detail import OrderDetail
from opsdesk.theme import Tone
from opsdesk.widgets.choices import Choice
from opsdesk.widgets.form import Form
from opsdesk.widgets.key_bar import BarKey
from opsdesk.widgets.paper import Paper, paragraph, row

_NOTHING_YET = "Nothing is to go back yet: type units or an amount."
REFUNDED_STATUS = "refunded"
_MAIL, _ALL, _TOO_MUCH = "@mail", "@all", "@too_much"


class RefundPanel(LetterForm):
    """What goes back is worked out while it is typed; F9 sends it on its way, or to a second person."""

    ACTION = "refund"
    DRAFT = "refund"
    CSS_PATH: ClassVar[list[str | PurePath]] = ["../forms/forms.tcss", "money.tcss"]

    def __init__(self, order_id: int) -> None:
        super().__init__("REFUND", [], order_id)
        self.grounds: RefundGrounds | None = None
        self.reason = RefundReason.CHANGED_MIND
        self.has_mail = True
        self._in_mail: LetterRefund | None = None

    def compose_form(self) -> ComposeResult:
        """Yield what the refund comes to above the place of the form; its fields are known when the order is."""
        yield Paper(id="refund-sum")
        yield Vertical(id="refund-form")

    async def prepare(self, detail: OrderDetail) -> None:
        """Make a field for each line and each payment that something is left of."""
        self.grounds = await self.fetch(refund_grounds, self.order_id)
        if self.grounds is None:
            return
        self.has_mail = detail.facts.has_email
        self.form = Form([*fields_of(self.grounds), *mail_fields(7)])
        await self.query_one("#refund-form").mount(self.form)
        for name in ("subject", "text"):
            show_field(self.form, name, is_shown=self.has_mail)
        self.focus_body()

    def focus_body(self) -> None:
        """Begin with the first line."""
        self.form.focus_field()

    def arrived(self, detail: OrderDetail) -> None:
        """Show what nothing comes to."""
        self._show_sum()

    async def load(self) -> None:
        """Say how to begin where nothing is typed yet."""
        await super().load()
        if self.is_attached and self.message == _NOTHING_YET:
            self.say("Type units or amounts. What goes back is worked out as you type.")

    # What it comes to.

    def worked_out(self) -> RefundPreview | None:
        """Work the refund out as far as it is typed; a mistake in a field is its problem."""
        if self.grounds is None:
            return None
        grounds, values = self.grounds, self.form.values
        try:
            content = content_of(grounds, values, self.reason)
            choices = choices_of(grounds, values)
        except Invalid as error:
            empty = preview(grounds.charged, grounds.earlier, RefundContent(), grounds.sources)
            return RefundPreview(empty.plan, empty.shares, empty.letter, error.message)
        return preview(grounds.charged, grounds.earlier, content, grounds.sources, overrides=choices.overrides)

    def _show_sum(self) -> None:
        found = self.worked_out()
        if found is not None:
            self.query_one("#refund-sum", Paper).show(lambda width: self._sum_lines(found, width))
            if (found.plan.total or found.problem) and _NOTHING_YET in self.message:
                self.say("")
        self.show_keys()

    def _sum_lines(self, found: RefundPreview, width: int) -> list[Content]:
        assert self.grounds is not None, "What was worked out stands on something."
        plan, sources = found.plan, {source.payment_id: source for source in self.grounds.sources}
        total = str(plan.total)
        why = f"because: {self.reason.label} (F4)"
        lines = [
            row((why, max(8, width - len(total) - 1), Tone.DIM.style), (total, -len(total), f"bold {Tone.GOOD.style}"))
        ]
        parts = "  ".join(part_words(part, plan.currency) for part in plan.parts)
        lines += paragraph(parts, width) if parts else []
        over = "  ".join(share_words(share, sources[share.payment_id]) for share in found.shares)
        lines += paragraph(f"back over {over}", width, style=Tone.DIM.style) if over else []
        note = note_words(plan.parts, plan.currency)
        lines += paragraph(note, width, style=Tone.DIM.style) if note else []
        if found.problem:
            lines += paragraph(found.problem, width, style=Tone.LOOK.style)
        elif problem := self._why_second(plan.total):
            lines += paragraph(f"A second person has to agree: {problem}", width, style=Tone.LOOK.style)
        return lines

    def _why_second(self, total: Money) -> str | None:
        return why_not_within(self.desk.actor, "refund.request", total)

    def why_not(self, action: str, *parameters: object) -> str | None:
        """Say why it cannot be sent: nothing is to go back, or not so."""
        if action == "commit" and self.grounds is not None and self.form.values:
            found = self.worked_out()
            if found is not None and found.problem:
                return found.problem
            if found is not None and not found.plan.total:
                return _NOTHING_YET
        return super().why_not(action, *parameters)

    def commit_label(self) -> str | None:
        """Say how much F9 gives back."""
        found = self.worked_out() if self.grounds is not None else None
        if found is None or not found.plan.total:
            return "REFUND"
        return f"{'ASK FOR' if self._why_second(found.plan.total) else 'REFUND'} {found.plan.total}"

    # Sending it.

    def commit(self, values: Mapping[str, str]) -> None:
        """Send it on its way; a mail that does not say this refund yet is written first."""
        self.begin(self._write_and_send())

    async def _write_and_send(self) -> None:
        found = self.worked_out()
        if found is None or self.grounds is None:
            return
        if self.has_mail and (self.written is None or found.letter != self._in_mail):
            # A letter that was begun while somebody typed may have been given up for the next one.
            await self._write_mail(found)
        values = self.form.values
        try:
            content = content_of(self.grounds, values, self.reason)
            chosen = choices_of(self.grounds, values)
            letter = self._letter(values)
            shares = chosen.shares(found.shares)
        except OpsDeskError as error:
            self.show_refusal(error)
            return
        if self.is_attached:
            self.carry_out(
                request,
                self.order_id,
                version=self.version,
                content=content,
                shares=shares,
                tell=letter is not None,
                letter=letter,
            )

    def _letter(self, values: Mapping[str, str]) -> Letter | None:
        return self.reworded(values) if self.has_mail and self.written is not None else None

    async def _write_mail(self, found: RefundPreview) -> None:
        status = self._status
        if status is None or not self.has_mail:
            return
        if await self.write_letter(status, refund=found.letter) is not None:
            self._in_mail = found.letter

    @property
    def _status(self) -> Status | None:
        return next((each for each in self.desk.statuses.statuses if each.code == REFUNDED_STATUS), None)

    @on(Form.Edited)
    def _changed(self, event: Form.Edited) -> None:
        self._show_sum()
        found = self.worked_out()
        if found is not None and found.plan.total and not found.problem and found.letter != self._in_mail:
            run_latest(self, partial(self._write_mail, found), "letter")

    # What F4 offers.

    def action_choices(self) -> None:
        """List the reasons, all of it at once, and whether a mail goes out."""
        entries = [Choice(reason.value, reason.label) for reason in RefundReason]
        most = str(self.grounds.most) if self.grounds else ""
        entries = [Choice(_ALL, "everything that is left", most), *entries]
        if self.grounds is not None and self.grounds.too_much:
            entries.insert(0, Choice(_TOO_MUCH, "what was paid too much", str(self.grounds.too_much)))
        if self.detail is not None and self.detail.facts.has_email:
            entries.append(Choice(_MAIL, "send no mail" if self.has_mail else "send the mail"))

        def take(key: str | None) -> None:
            if key == _ALL and self.grounds is not None:
                self.form.fill(whole_refund(self.grounds))
            elif key == _TOO_MUCH and self.grounds is not None:
                self.reason = RefundReason.OVERPAID
                self.form.fill({"overpayment": str(self.grounds.too_much.amount)})
            elif key == _MAIL:
                self._toggle_mail()
            elif key is not None:
                self.reason = RefundReason(key)
            self._show_sum()
            if (found := self.worked_out()) is not None and found.plan.total:
                run_latest(self, partial(self._write_mail, found), "letter")

        self.app.push_screen(
            ChoicePanel("WHY IT GOES BACK", entries, pointed=self.reason.value, narrows=True), callback=take
        )

    def _toggle_mail(self) -> None:
        self.has_mail = not self.has_mail
        for name in ("subject", "text"):
            show_field(self.form, name, is_shown=self.has_mail)
        self.say("The mail goes out when the money has gone." if self.has_mail else "No mail goes out.")

    def panel_keys(self) -> Sequence[BarKey]:
        """Show what F4 lists."""
        return [*super().panel_keys(), BarKey("screen.choices", "F4", "all, reasons, mail")]

    def taken_up(self, fields: Mapping[str, str]) -> None:
        """Take up the reason too."""
        if fields.get("@reason"):
            self.reason = RefundReason(fields["@reason"])
        self._show_sum()

    def _keep(self, values: Mapping[str, str]) -> None:
        super()._keep({**values, "@reason": self.reason.value})
