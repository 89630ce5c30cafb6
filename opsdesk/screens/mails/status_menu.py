"""The Order Status menu: choose what to tell, see the mail as it will go out, send it; the order changes with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import PurePath
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.content import Content

from opsdesk.domain.errors import Invalid, OpsDeskError
from opsdesk.domain.orders.rules import CancelReason
from opsdesk.domain.people.permissions import why_not_allowed
from opsdesk.domain.statuses.menu import Question, Status, answer_by
from opsdesk.domain.typed_moments import read_day
from opsdesk.operations.statuses.previewing import Telling, status_menu, telling
from opsdesk.operations.statuses.telling import tell
from opsdesk.screens.forms.cancel import CANCEL_WORDS
from opsdesk.screens.forms.filling import point_at, show_field
from opsdesk.screens.frame.latest import run_latest
from opsdesk.screens.frame.writing import LetterForm, mail_fields
from opsdesk.screens.mails.status_words import asks_word, effect_lines
from opsdesk.screens.order.words import moment
from opsdesk.store.views.orders.detail import OrderDetail
from opsdesk.widgets.choices import Choice, Choices
from opsdesk.widgets.fields import Field
from opsdesk.widgets.form import Form
from opsdesk.widgets.key_bar import BarKey
from opsdesk.widgets.paper import Paper

_EXPECTED = Field("expected_on", "goods arrive", hint="fri, 27 Nov, 2w ... empty if nobody knows", longest=40)


class StatusMenu(LetterForm):
    """First the list of statuses, then the reason where one is asked for, then the mail; F9 sends."""

    ACTION = "tell"
    DRAFT = "tell"
    BODY_FOCUS = "#statuses"
    CSS_PATH: ClassVar[list[str | PurePath]] = ["../forms/forms.tcss", "status_menu.tcss"]

    def __init__(self, order_id: int) -> None:
        super().__init__("TELL THE CUSTOMER", [_EXPECTED, *mail_fields(14)], order_id)
        self.statuses = Choices([], id="statuses")
        self.reasons = Choices([Choice(reason.value, words) for reason, words in CANCEL_WORDS.items()], id="reasons")
        self.status: Status | None = None
        self.reason: CancelReason | None = None
        self.has_mail = True

    def compose_form(self) -> ComposeResult:
        """Yield the three steps; one of them is shown."""
        yield self.statuses
        yield self.reasons
        yield Paper(self._effect_lines, classes="tell--effects")
        yield self.form

    def on_mount(self) -> None:
        """Begin with the list of statuses."""
        self._step("statuses")

    def focus_body(self) -> None:
        """Go to the step that is shown."""
        shown = next((each for each in (self.statuses, self.reasons) if each.display), None)
        if shown is not None:
            self.set_focus(shown)
        else:
            self.form.focus_field("subject" if self.has_mail else "expected_on")

    def arrived(self, detail: OrderDetail) -> None:
        """List the statuses; one that is not allowed now says why."""
        may = why_not_allowed(self.desk.actor, "status.tell")
        entries = [
            Choice(each.status.code, each.status.name, asks_word(each.status), may or each.why_not)
            for each in status_menu(self.desk.statuses, detail.facts)
        ]
        self.statuses.show(entries)
        told = detail.head.told_status
        if told:
            name = next((each.name for each in self.desk.statuses.statuses if each.code == told), told)
            at = f" {moment(detail.head.told_at, self.desk.clock(), self.desk.zone)}" if detail.head.told_at else ""
            self.say(f"Last told: {name}{at}.", hint="a digit chooses")
        else:
            self.say("Nothing was told yet. A digit chooses.")

    # The steps.

    @on(Choices.Chosen, "#statuses")
    def _status_chosen(self, event: Choices.Chosen) -> None:
        event.stop()
        self.status, self.reason, self.written = self.desk.statuses.find(event.key), None, None
        self.has_mail = self.detail is not None and self.detail.facts.has_email
        if Question.CANCEL_REASON in self.status.asks:
            self._step("reasons")
            self.say("Why is it cancelled? A digit chooses.")
        else:
            self._write()

    @on(Choices.Chosen, "#reasons")
    def _reason_chosen(self, event: Choices.Chosen) -> None:
        event.stop()
        self.reason = CancelReason(event.key)
        self._write()

    @on(Choices.Refused)
    def _refused(self, event: Choices.Refused) -> None:
        event.stop()
        self.say_no(event.reason)

    def _write(self) -> None:
        self._step("mail")
        self.begin(self._write_mail())

    async def _write_mail(self) -> None:
        status = self.status
        if status is None:
            return
        made = await self.write_letter(status, expected_on=self._expected_on()) if self.has_mail else None
        if not self.is_attached:
            return
        if self.has_mail and made is None:
            self._step("statuses")
            return
        self._show_effects()
        if self.is_reworded:
            self.say("Your own words stay.", hint="F5 writes the mail anew")
        else:
            hint = "F5 writes it anew, F4 without a mail" if self._may_be_silent else "F5 writes it anew"
            self.say("This is the mail as it will go out." if self.has_mail else "No mail goes out.", hint=hint)

    def _step(self, name: str) -> None:
        self.statuses.display, self.reasons.display = name == "statuses", name == "reasons"
        is_mail = name == "mail"
        self.form.display = is_mail
        self.query_one(".tell--effects", Paper).display = is_mail
        if is_mail:
            asks = self.status is not None and Question.EXPECTED_ON in self.status.asks
            show_field(self.form, "expected_on", is_shown=asks)
            for field in ("subject", "text"):
                show_field(self.form, field, is_shown=self.has_mail)
        self.focus_body()
        self.show_keys()

    def action_back(self) -> None:
        """Go from the mail back to the list, then out; what was typed is kept."""
        if self.statuses.display or self.detail is None:
            super().action_back()
        elif self.leaving():
            self.status, self.written = None, None
            self._step("statuses")
            self.arrived(self.detail)

    def action_reread(self) -> None:
        """Write the mail anew, whatever was typed into it."""
        if self.statuses.display or self.written is None:
            super().action_reread()
            return
        self.begin_with({"subject": "", "text": ""})
        self.form.fill({"subject": "", "text": ""})
        self.written = None
        self._write()

    def action_choices(self) -> None:
        """Tell it without a mail, or with one again."""
        if self.status is None or not self._may_be_silent:
            self.say_no("This status goes with its mail.")
            return
        self.has_mail = not self.has_mail
        self._write()

    @property
    def _may_be_silent(self) -> bool:
        has_email = self.detail is not None and self.detail.facts.has_email
        return self.status is not None and has_email and not self.status.has_deadline

    @on(Form.Edited)
    def _answered(self, event: Form.Edited) -> None:
        """Write the mail again when the day changes that it names."""
        is_asked = self.status is not None and Question.EXPECTED_ON in self.status.asks
        if is_asked and self.has_mail and not self.is_reworded and self.written is not None:
            run_latest(self, self._write_mail, "letter")

    def _expected_on(self) -> date | None:
        try:
            return read_day(self.form.values["expected_on"], self.desk.clock(), self.desk.zone, field="expected_on")
        except Invalid:
            return None

    # Sending.

    def commit_label(self) -> str | None:
        """Say what F9 does, and to whom."""
        if self.status is None or self.statuses.display or self.reasons.display:
            return "CHOOSE"
        if not self.has_mail:
            return "SET WITHOUT A MAIL"
        return "SEND THE MAIL"

    def commit(self, values: Mapping[str, str]) -> None:
        """Send the mail and change the order, both or neither."""
        if self.statuses.display:
            self.statuses.action_choose()
        elif self.reasons.display:
            self.reasons.action_choose()
        elif self.status is not None and (self.written is not None or not self.has_mail):
            try:
                told = self._telling(self.status, values)
            except OpsDeskError as error:
                self.show_refusal(error)
                return
            self.carry_out(tell, self.order_id, version=self.version, telling=told)

    def _telling(self, status: Status, values: Mapping[str, str]) -> Telling:
        read_day(values["expected_on"], self.desk.clock(), self.desk.zone, field="expected_on")
        if not self.has_mail:
            due = answer_by(status, self.desk.clock(), self.desk.zone)
            return Telling(status, None, due, self.reason)
        assert self.written is not None, "The mail is on the screen."
        due = self.written.deadline
        if due is not None and due <= self.desk.clock():
            raise Invalid("text", "The day that the mail names is past. F5 writes it anew.")
        subject, text = values["subject"], values["text"]
        return telling(
            self.desk.letters, self.written, subject=subject, text=text, titles=self.titles(), cancel_reason=self.reason
        )

    # Drafts.

    def _keep(self, values: Mapping[str, str]) -> None:
        if self.status is None or not (self.is_reworded or values.get("expected_on")):
            return
        due = self.written.deadline if self.written else None
        chosen = {"status": self.status.code, "reason": self.reason.value if self.reason else ""}
        super()._keep({**values, **chosen, "deadline": due.isoformat() if due else ""})

    def taken_up(self, fields: Mapping[str, str]) -> None:
        """Go straight to the mail that somebody was writing."""
        found = [each for each in self.desk.statuses.statuses if each.code == fields.get("status")]
        if not found:
            return
        self.status = found[0]
        self.reason = CancelReason(fields["reason"]) if fields.get("reason") else None
        point_at(self.statuses, self.status.code)
        self._step("mail")
        self.begin(self._take_up_mail(fields))

    async def _take_up_mail(self, fields: Mapping[str, str]) -> None:
        status = self.status
        made = await self.write_letter(status, expected_on=self._expected_on()) if status is not None else None
        if made is None or not self.is_attached:
            return
        # The words name the deadline of then; the clock must run to exactly that.
        self.written = replace(made, deadline=self.deadline_of(fields.get("deadline", "")) or made.deadline)
        self.form.fill(fields)
        self._show_effects()

    # What stands above the mail.

    def panel_keys(self) -> Sequence[BarKey]:
        """Show what works in the step."""
        if self.statuses.display or self.reasons.display:
            return (BarKey("screen.commit", "1-9", "choose"), BarKey("screen.back", "F3", "back"))
        keys = [*super().panel_keys(), BarKey("screen.refresh", "F5", "write anew")]
        if self._may_be_silent:
            keys.append(BarKey("screen.choices", "F4", "without a mail" if self.has_mail else "with a mail"))
        return keys

    def _show_effects(self) -> None:
        self.query_one(".tell--effects", Paper).show(self._effect_lines)
        self.show_keys()

    def _effect_lines(self, width: int) -> list[Content]:
        if self.status is None:
            return []
        due = self.written.deadline if self.written is not None and self.has_mail else None
        to = self.detail.head.email if self.detail is not None and self.has_mail else ""
        return effect_lines(self.status, to, moment(due, self.desk.clock(), self.desk.zone) if due else "", width)
