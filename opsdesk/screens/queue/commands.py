"""What the letters do in the queue: to the order under the pointer, or to all that are marked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import work

from opsdesk.domain.orders.queues import QueueLine
from opsdesk.domain.orders.states import Headline
from opsdesk.domain.people.permissions import why_not_allowed
from opsdesk.keys import Command, commands_of
from opsdesk.screens.queue.jobs import JOB_VERBS, Verb, forward_verb
from opsdesk.screens.queue.moves import QueueMoves
from opsdesk.screens.queue.preview import QueuePreview

if TYPE_CHECKING:
    from opsdesk.store.views.orders.detail import OrderDetail

_NEEDS_NO_ORDER = frozenset(
    {"mark_all", "clear_marks", "filter", "next_view", "previous_view", "sort", "reverse", "down", "up", "choices"}
)
_ROW_ACTIONS = frozenset(each.method for each in commands_of("queue")) - _NEEDS_NO_ORDER
_LOOKS_ONLY = frozenset({"open", "mark", "log", "copy", "changes", "compare", "previous"})
_NAMED: dict[str, str] = {
    "hold": "hold",
    "note": "note",
    "tell": "tell",
    "edit": "edit",
    "money": "order_money",
    "amend": "amend",
    "waiting_change": "waiting_change",
    "cancel": "cancel",
    "reopen": "reopen",
    "ship": "ship",
    "log": "log",
    "snooze": "snooze",
}
"""Actions that open a panel for one order, and the panel's name."""


class QueueCommands(QueueMoves):
    """The actions of the queue."""

    _last_action = ""
    _warned_of = 0

    # What is at hand.

    @property
    def line(self) -> QueueLine | None:
        """The order under the pointer."""
        return self.lines.get(self.table.pointed or "") if self.is_mounted else None

    def subject(self) -> str:
        """Name what the letters act on."""
        if marked := len(self.table.marked):
            return f"{marked} marked"
        return self.line.number if self.line else ""

    def why_not(self, action: str, *parameters: object) -> str | None:
        """Say why an action cannot be done to what is at hand."""
        if action in _NEEDS_NO_ORDER:
            return "Nothing is marked." if action == "clear_marks" and not self.table.marked else None
        if action == "commit":
            return self.why_not_commit()
        if action not in _ROW_ACTIONS:
            return super().why_not(action, *parameters)
        if not self.desk.is_open:
            return "The store is still being opened."
        line = self.line
        if line is None:
            return "No order is selected."
        if self.table.marked and action in JOB_VERBS:
            return why_not_allowed(self.desk.actor, JOB_VERBS[action].operation)
        if self.table.marked and action not in _LOOKS_ONLY:
            return "This is done to one order at a time. Take the marks away first (-)."
        return self._why_not_line(action, line)

    def _why_not_line(self, action: str, line: QueueLine) -> str | None:
        if action == "repeat" and not self._last_action:
            return "Nothing has been done yet that could be done again."
        from opsdesk.screens.order.rules import OPERATIONS, why_not_order

        detail = self.query_one(QueuePreview).detail_of(line)
        if detail is not None:
            return why_not_order(action, detail, self.desk.actor, self.desk.clock())
        name = OPERATIONS.get(action)
        return why_not_allowed(self.desk.actor, name) if name else None

    def label_of(self, each: Command) -> str:
        """Name the verb that a toggle has for this order."""
        line = self.line
        if line is not None and not self.table.marked:
            if each.method == "hold" and line.hold_type is not None:
                return "release"
            if each.method == "pack" and (detail := self._detail) is not None and detail.recall_id is not None:
                return "put back"
            if each.method == "snooze" and line.snoozed_until is not None and line.snoozed_until > self.desk.clock():
                return "wake"
        return super().label_of(each)

    # F9.

    def commit_label(self) -> str | None:
        """Say the one step that brings what is at hand on, and how many it is."""
        step = self._step()
        if step is None:
            return None
        return f"{step.label.upper()} {self.subject().upper()}"

    def _step(self) -> Verb | None:
        lines = self.marked_lines() or ([self.line] if self.line else [])
        steps = {forward_verb(line) for line in lines}
        return steps.pop() if len(steps) == 1 else None

    def why_not_commit(self) -> str | None:
        """Say why F9 does nothing now, or None if it does something."""
        step = self._step()
        if step is not None:
            return self.why_not("hold" if step.action == "release" else step.action)
        if self.line is None:
            return "No order is selected."
        if len({forward_verb(line) for line in self.marked_lines()}) > 1:
            return "The marked orders stand at different steps. Use a letter, or mark fewer."
        return "There is no one step that brings this order on. Use a letter."

    def action_commit(self) -> None:
        """Take the one step."""
        step = self._step()
        if step is None:
            self.say_no(self.why_not_commit() or "")
        elif self.table.marked and step.action in JOB_VERBS:
            self.act_on_marked(step)
        elif step.action == "release":
            self.action_hold()
        else:
            getattr(self, f"action_{step.action}")()

    # One order, or the marked ones.

    def _open_for(self, action: str) -> None:
        line = self.line
        if self.table.marked and action in JOB_VERBS:
            self.act_on_marked(JOB_VERBS[action])
        elif line is not None and self._is_meant(line):
            self.open_named(_NAMED[action], line.id)

    def _is_meant(self, line: QueueLine) -> bool:
        """Hold one key back when the order under the pointer has left the view by itself."""
        if not self.table.is_gone(str(line.id)) or self._warned_of == line.id:
            return True
        self._warned_of = line.id
        self.say_no(f"{line.number} has moved on and is no longer in this view. Press again if you mean it; F5 reads.")
        return False

    def action_hold(self) -> None:
        """Hold the order with a reason, or release it."""
        self._open_for("hold")

    def action_note(self) -> None:
        """Write a note."""
        self._open_for("note")

    def action_tell(self) -> None:
        """Open the Order Status menu."""
        self._open_for("tell")

    def action_edit(self) -> None:
        """Correct contact and addresses."""
        self._open_for("edit")

    def action_money(self) -> None:
        """See to the money."""
        self._open_for("money")

    def action_amend(self) -> None:
        """Change what was ordered, or see to a change that waits."""
        detail = self._detail
        self._open_for("waiting_change" if detail is not None and detail.facts.amendment is not None else "amend")

    def action_cancel(self) -> None:
        """Cancel with a reason."""
        self._open_for("cancel")

    def action_reopen(self) -> None:
        """Open a cancelled or completed order again."""
        self._open_for("reopen")

    def action_ship(self) -> None:
        """Send it out."""
        self._open_for("ship")

    def action_log(self) -> None:
        """Show everything that happened to it."""
        self._open_for("log")

    def action_snooze(self) -> None:
        """Put it out of the way until a time, or wake it."""
        line = self.line
        is_asleep = line is not None and line.snoozed_until is not None and line.snoozed_until > self.desk.clock()
        if is_asleep and line is not None and not self.table.marked:
            from opsdesk.operations.orders.desk import wake

            self.carry_out(wake, line.id)
        else:
            self._open_for("snooze")

    def action_claim(self) -> None:
        """Take it on."""
        self._do_simply("claim")

    def action_follow(self) -> None:
        """Hear of its changes, or no longer."""
        self._do_simply("follow")

    def action_pack(self) -> None:
        """Begin to pack, or put the order back because it is changed."""
        line = self.line
        if self.table.marked or line is None or line.headline is not Headline.BEING_AMENDED:
            self._do_simply("pack")
        elif self._is_meant(line):
            self.begin(self._put_back(line))

    async def _put_back(self, line: QueueLine) -> None:
        from opsdesk.operations.amendments.changing import acknowledge_recall
        from opsdesk.store.views.money.waiting import recall_id

        found = await self.fetch(recall_id, line.id, now=self.desk.clock())
        if found is not None:
            self.carry_out(acknowledge_recall, found, version=line.version)
        elif self.is_attached:
            self._do_simply("pack")

    @property
    def _detail(self) -> OrderDetail | None:
        """Everything about the order under the pointer, once the preview has it."""
        return self.query_one(QueuePreview).detail_of(self.line) if self.line is not None else None

    def action_deliver(self) -> None:
        """Mark what was shipped as delivered."""
        self._do_simply("deliver")

    def _do_simply(self, action: str) -> None:
        if self.table.marked:
            self.act_on_marked(JOB_VERBS[action])
        elif (line := self.line) is not None and self._is_meant(line):
            self._last_action = action
            self.do_to_line(JOB_VERBS[action], line)

    def action_repeat(self) -> None:
        """Do to this order what was done last."""
        if self._last_action:
            self._do_simply(self._last_action)

    @work
    async def action_assign(self) -> None:
        """Give it to somebody, or back to everybody."""
        from opsdesk.screens.frame.panels import ChoicePanel
        from opsdesk.store.views.users import users
        from opsdesk.widgets.choices import Choice

        found = await self.fetch(users)
        if found is None:
            return
        entries = [Choice(one.name, one.full_name or one.name, one.role) for one in found if one.is_active]
        entries.append(Choice("-", "nobody", "back to everybody"))
        name = await self.app.push_screen_wait(
            ChoicePanel(f"GIVE {self.subject()} TO", entries, narrows=len(entries) > 10)
        )
        if name is None:
            return
        verb = JOB_VERBS["assign"].with_arguments(to=None if name == "-" else name)
        if self.table.marked:
            self.act_on_marked(verb)
        elif (line := self.line) is not None:
            self.do_to_line(verb, line)

    def action_changes(self) -> None:
        """Open the order, where the news are marked."""
        self.action_open()

    def action_compare(self) -> None:
        """Open the order, where the customer's other orders are."""
        self.action_open()

    def action_copy(self) -> None:
        """Copy the order's number."""
        if self.line is not None:
            self.app.copy_to_clipboard(self.line.number)
            self.say_done(f"{self.line.number} is copied.")

    def action_open(self) -> None:
        """Open the order on the whole screen."""
        if self.line is not None:
            ids = tuple(int(key) for key in self.table.keys)
            self.open_named("order", self.line.id, neighbours=ids)
