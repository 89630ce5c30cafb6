"""What the letters do in the outbox: to the mail under the pointer."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

from opsdesk.domain.mails.outgoing import MailState
from opsdesk.domain.people.permissions import why_not_allowed
from opsdesk.keys import Command
from opsdesk.screens.frame.base import DeskScreen
from opsdesk.screens.frame.panels import ChoicePanel, ConfirmPanel
from opsdesk.screens.mails.outbox_rows import sheet_lines
from opsdesk.widgets.filter_line import FilterLine
from opsdesk.widgets.record_table import RecordTable

if TYPE_CHECKING:
    from opsdesk.store.views.mails.listing import MailLine
    from opsdesk.store.views.mails.outbox import MailView
    from opsdesk.store.work import Done

_CAN_BE_SENT = (MailState.QUEUED, MailState.RETRY, MailState.FAILED, MailState.BOUNCED)
_OPERATIONS: Mapping[str, str] = {
    "take_back": "mail.take_back",
    "edit": "mail.edit",
    "send": "mail.send_now",
    "settle": "mail.settle_doubt",
}
_NEEDS_NO_MAIL = frozenset({"filter", "next_view", "previous_view", "down", "up"})


class OutboxCommands(DeskScreen[None]):
    """The actions of the outbox."""

    def __init__(self) -> None:
        from opsdesk.store.views.mails.outbox import MailView

        super().__init__()
        self.view: MailView = MailView.OPEN
        self.words = ""
        self.lines: dict[str, MailLine] = {}
        self.counts: Mapping[MailView, int] = {}

    @property
    def table(self) -> RecordTable:
        """The list."""
        return self.query_one("#mails", RecordTable)

    @property
    def line(self) -> MailLine | None:
        """The mail under the pointer."""
        return self.lines.get(self.table.pointed or "") if self.is_mounted and self.query("#mails") else None

    def subject(self) -> str:
        """Name what the letters act on."""
        return f"mail to {self.line.recipient}" if self.line else ""

    # What can be done.

    def why_not(self, action: str, *parameters: object) -> str | None:
        """Say why an action cannot be done to the mail under the pointer."""
        line = self.line
        if action == "undo" and line is not None and line.state.can_be_changed:
            return self._why_not_mail("take_back", line)
        if action in _NEEDS_NO_MAIL:
            return None
        if action not in (*_OPERATIONS, "open", "order", "commit"):
            return super().why_not(action, *parameters)
        if line is None:
            return "No mail is selected."
        if action == "commit":
            return self._why_not_mail("settle" if line.state is MailState.HELD else "send", line)
        if action == "order":
            return None if line.order_id is not None else "The mail belongs to no order."
        return None if action == "open" else self._why_not_mail(action, line)

    def _why_not_mail(self, action: str, line: MailLine) -> str | None:
        word = line.state.word.capitalize()
        if action == "settle":
            problem = None if line.state is MailState.HELD else f"{word}. There is nothing to decide."
        elif action == "send":
            problem = None if line.state in _CAN_BE_SENT else f"{word}. It cannot be sent now."
        else:
            problem = None if line.state.can_be_changed else f"{word}. It cannot be changed any more."
        return problem or why_not_allowed(self.desk.actor, _OPERATIONS[action])

    def commit_label(self) -> str | None:
        """F9 sends the mail now; when nobody knows whether it arrived, it asks."""
        if self.line is None:
            return None
        return "DECIDE" if self.line.state is MailState.HELD else "SEND NOW"

    def label_of(self, each: Command) -> str:
        """Say that `u` pulls the mail back while that is possible."""
        if each.method == "undo" and self.line is not None and self.line.state.can_be_changed:
            return "pull back"
        return super().label_of(each)

    # What is done.

    def action_commit(self) -> None:
        """Send it now, or decide about it."""
        from opsdesk.operations.mails.outbox import send_now

        line = self.line
        if line is None:
            return
        if line.state is MailState.HELD:
            self.action_settle()
        else:
            self.carry_out(send_now, line.id, version=line.version)

    def action_undo(self) -> None:
        """Pull the mail back while it waits; otherwise take back the last command, as everywhere."""
        if self.line is not None and self.line.state.can_be_changed:
            self._pull_back(self.line)
        else:
            super().action_undo()

    def action_take_back(self) -> None:
        """Do not send the mail, after a question: it cannot be put back."""
        line = self.line
        if line is None:
            return

        def answered(is_yes: bool | None) -> None:
            if is_yes:
                self._pull_back(line)

        sentence = f"Do not send the mail to {line.recipient}?"
        panel = ConfirmPanel("TAKE BACK", sentence, verb="take it back", keep="let it go out", details=(line.subject,))
        self.app.push_screen(panel, callback=answered)

    def _pull_back(self, line: MailLine) -> None:
        from opsdesk.operations.mails.outbox import take_back

        self.carry_out(take_back, line.id, version=line.version)

    def action_open(self) -> None:
        """Change the mail's words while it waits, or read it."""
        if self.line is not None:
            self.begin(self._open_mail(self.line.id))

    def action_edit(self) -> None:
        """Change the mail's words."""
        self.action_open()

    async def _open_mail(self, mail_id: int) -> None:
        from opsdesk.screens.mails.panels import MailEditPanel, MailReadPanel
        from opsdesk.store.views.mails.listing import mail_text

        mail = await self.fetch(mail_text, mail_id)
        if mail is None or not self.is_attached:
            return
        if mail.line.state.can_be_changed and not why_not_allowed(self.desk.actor, "mail.edit"):
            self.open_panel(MailEditPanel(mail))
        else:
            draw = partial(sheet_lines, mail, self.desk.clock(), self.desk.zone, self.host.symbol)
            self.open_panel(MailReadPanel(mail, draw))  # type: ignore[arg-type]  # it answers nothing

    def action_order(self) -> None:
        """Open the order that the mail is about."""
        if self.line is not None and self.line.order_id is not None:
            self.open_named("order", self.line.order_id)

    def action_settle(self) -> None:
        """Ask what became of the mail that is in doubt."""
        from opsdesk.screens.mails.panels import ARRIVED, doubt_choices

        line = self.line
        if line is None:
            return

        def decide(key: str | None) -> None:
            from opsdesk.operations.mails.outbox import settle_doubt

            if key is not None:
                self.carry_out(settle_doubt, line.id, version=line.version, arrived=key == ARRIVED)

        note = f"The mail server did not answer clearly: {line.last_error}" if line.last_error else ""
        panel = ChoicePanel(f"WHAT BECAME OF THE MAIL TO {line.recipient}", doubt_choices(), note=note)
        self.app.push_screen(panel, callback=decide)

    def done(self, done: Done) -> None:
        """Say what was done, and show it in its row."""
        super().done(done)
        self.reload()

    # Moving about.

    def go_to_view(self, view: MailView) -> None:
        """Go to a view; its filter is empty."""
        self.view, self.words = view, ""
        self.query_one("#filter", FilterLine).put("")
        self.remove_class("-filtering")
        self.reload()

    def action_next_view(self) -> None:
        """Go to the next view."""
        self._turn_view(1)

    def action_previous_view(self) -> None:
        """Go to the previous view."""
        self._turn_view(-1)

    def _turn_view(self, by: int) -> None:
        views = list(type(self.view))
        self.go_to_view(views[(views.index(self.view) + by) % len(views)])

    def action_filter(self) -> None:
        """Go to the filter."""
        self.add_class("-filtering")
        self.set_focus(self.query_one("#filter", FilterLine))

    def action_down(self) -> None:
        """Go one row down."""
        self.table.action_step(1)

    def action_up(self) -> None:
        """Go one row up."""
        self.table.action_step(-1)

    def action_next(self) -> None:
        """Go to the next mail."""
        self.table.action_step(1)
