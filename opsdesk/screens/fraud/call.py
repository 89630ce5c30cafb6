"""The call: the script with its ticks above, how it ended by one digit below."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message

from opsdesk.domain.errors import Invalid
from opsdesk.domain.fraud.books import FraudBook
from opsdesk.domain.fraud.cases.contact import ContactOutcome, NextStep
from opsdesk.domain.typed_moments import read_moment
from opsdesk.operations.fraud.contact import log_attempt
from opsdesk.screens.forms.filling import show_field
from opsdesk.screens.fraud.clock import span_words
from opsdesk.screens.fraud.panel import CasePanel
from opsdesk.screens.fraud.script import Call, Tick, brief_lines, outcome_choices, script_lines, tick_symbols
from opsdesk.screens.fraud.seen import Seen
from opsdesk.theme import Tone
from opsdesk.widgets.choices import Choices
from opsdesk.widgets.fields import Field
from opsdesk.widgets.key_bar import BarKey
from opsdesk.widgets.paper import Paper

_KINDS = {"known": "on file before this order", "order": "the order's own", "independent": "found independently"}


class Endings(Choices):
    """How the call ended, by digit; letters tick the script above."""

    class Ticked(Message):
        """A letter was pressed."""

        def __init__(self, letter: str) -> None:
            super().__init__()
            self.letter = letter

    async def _on_key(self, event: events.Key) -> None:
        if event.character is not None and event.character.isalpha() and event.is_printable:
            event.stop()
            event.prevent_default()
            self.post_message(self.Ticked(event.character))
            return
        await super()._on_key(event)


class CallPanel(CasePanel):
    """One call to the customer of a case. A digit logs how it ended; nothing is released by it."""

    BODY_FOCUS = "Endings"

    def __init__(self, seen: Seen, book: FraudBook, store: str, agent: str) -> None:
        fields = [
            Field("call_back", "call back", hint="15:30, tomorrow 9:00, fri 14:00 ...", longest=40),
            Field("note", "note", hint="what was said", longest=500),
        ]
        super().__init__(f"CALL {seen.facts.number} {seen.sheet.customer_name}", fields)
        self.seen, self.book = seen, book
        self.began: datetime | None = None
        self._at = 0
        self._names = {"agent": agent, "store": store, "name": seen.sheet.customer_name}
        self._picked = ""
        self.call = self._call()
        self.list = Endings(outcome_choices(book.contact, self.call))
        self.form.add_class("form--below")

    @property
    def number(self) -> tuple[str, str]:
        """The number that is called, and where it comes from."""
        numbers = self.seen.sheet.numbers
        return numbers[self._at % len(numbers)] if numbers else ("", "independent")

    def _call(self, ticks: Mapping[str, Tick] | None = None) -> Call:
        return Call(
            self.book.script,
            dict(self.seen.sheet.expected),
            self._names,
            is_own_number=self.number[1] == "order",
            ticks=ticks or {},
        )

    def compose_body(self) -> ComposeResult:
        """Yield the number, the script, and beside or below it how the call ended."""
        yield Paper(id="call-number")
        yield Paper(id="call-brief")
        with Horizontal(classes="call--columns"):
            with VerticalScroll(classes="call--script", can_focus=False):
                yield Paper(id="call-script")
            with Vertical(classes="call--endings"):
                yield self.list
                yield self.form

    def on_mount(self) -> None:
        """Start the watch, and show the script."""
        self.began = self.desk.clock()
        self.set_interval(1.0, self._show_number)
        show_field(self.form, "call_back", is_shown=False)
        self._show()
        self.say("Ask, compare, tick; then a digit says how it ended.", hint="Tab: a note")

    def focus_body(self) -> None:
        """Begin with the list, which takes the ticks too."""
        self.set_focus(self.list)

    def _show(self) -> None:
        call, symbols = self.call, tick_symbols(self.host.symbol)
        self.query_one("#call-script", Paper).show(lambda width: script_lines(call, symbols, width))
        self.query_one("#call-brief", Paper).show(lambda width: brief_lines(call, symbols, width))
        self.list.show(outcome_choices(self.book.contact, call))
        self._show_number()
        self.show_keys()

    def _show_number(self) -> None:
        number, kind = self.number
        began = self.began or self.desk.clock()
        watch = span_words(self.desk.clock() - began)
        line = Content.assemble(
            (f"Dial {number or 'a number that you find'}", f"bold {Tone.PLAIN.style}"),
            (f"   {_KINDS[kind]}", Tone.GOOD.style if kind != "order" else Tone.LOOK.style),
            (f"   on the phone {watch}", Tone.DIM.style),
        )
        self.query_one("#call-number", Paper).show(lambda _width: [line])

    def panel_keys(self) -> Sequence[BarKey]:
        """Return what a call is worked with."""
        return (
            BarKey("screen.commit", "F9", self.commit_label() or "", self.why_not("commit"), is_main=True),
            BarKey("screen.choices", "F4", "other number", self.why_not("choices")),
            BarKey("screen.back", "F3", "back, nothing logged"),
        )

    def commit_label(self) -> str | None:
        """F9 logs the entry that is pointed at, or that was picked."""
        return "LOG THE CALL"

    def why_not(self, action: str, *parameters: object) -> str | None:
        """Say that there is no other number."""
        if action == "choices":
            return None if len(self.seen.sheet.numbers) > 1 else "No other number is on file."
        return super().why_not(action, *parameters)

    def action_choices(self) -> None:
        """Call the next number."""
        self._at += 1
        self.call = self._call(self.call.ticks)
        self._show()

    @on(Endings.Ticked)
    def _ticked(self, event: Endings.Ticked) -> None:
        event.stop()
        self.call = self.call.tick(event.letter)
        self._show()

    @on(Choices.Chosen)
    def _chosen(self, event: Choices.Chosen) -> None:
        event.stop()
        self._picked = event.key
        outcome = self.book.contact.find(event.key)
        if outcome.next is NextStep.CALL_BACK:
            show_field(self.form, "call_back", is_shown=True)
            self.form.focus_field("call_back")
            self.say("When do they want to be called?", hint="F9 logs it")
        else:
            self._log(outcome, self.form.values)

    @on(Choices.Refused)
    def _refused(self, event: Choices.Refused) -> None:
        event.stop()
        self.say_no(event.reason)

    def commit(self, values: Mapping[str, str]) -> None:
        """Log what was picked, or what is pointed at."""
        pointed = self.list.pointed
        if not self._picked and pointed is not None and pointed.why_not:
            self.say_no(pointed.why_not)
            return
        code = self._picked or (pointed.key if pointed is not None else "")
        if code:
            self._log(self.book.contact.find(code), values)

    def _log(self, outcome: ContactOutcome, values: Mapping[str, str]) -> None:
        number, kind = self.number
        try:
            back = read_moment(values["call_back"], self.desk.clock(), self.desk.zone, field="call_back")
            if back is None and outcome.next is NextStep.CALL_BACK:
                raise Invalid("call_back", "Say when they want to be called.")
        except Invalid as error:
            self.show_refusal(error)
            return
        self.carry_out(
            log_attempt,
            self.seen.sheet.case_id,
            version=self.seen.sheet.version,
            outcome=outcome.code,
            number=number,
            number_kind=kind,
            checks=self.call.vouched(outcome),
            call_back_at=back,
            note=values["note"].strip(),
        )
