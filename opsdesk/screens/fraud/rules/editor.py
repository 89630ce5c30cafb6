"""Writing a rule: its fields to the left; to the right what is wrong, how often it would have fired, and one order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePath
from typing import TYPE_CHECKING, ClassVar
from zlib import crc32

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content

from opsdesk.domain.errors import Invalid, OpsDeskError
from opsdesk.domain.fraud.books import FraudBook
from opsdesk.domain.fraud.drafting.lately import Recent
from opsdesk.operations.fraud.rules import save
from opsdesk.screens.frame.latest import run_latest
from opsdesk.screens.frame.panels import ChoicePanel, FormPanel
from opsdesk.screens.fraud.rules.checking import (
    Checked,
    answer_lines,
    check,
    fact_lines,
    missing_words,
    needs_reason,
    problem_lines,
    said,
    sound_lines,
    symbols,
    table_of,
)
from opsdesk.screens.fraud.rules.fields import (
    FACTS_IN,
    HINTS,
    LABELS,
    ROWS,
    TALL_ROWS,
    begun_with,
    entries_of,
    whose,
    word_before_cursor,
)
from opsdesk.screens.fraud.rules.sheet import CheckSheet
from opsdesk.store.desk.drafts import find_draft
from opsdesk.store.views.fraud.rules import OrderKnown, RuleLine, known_order, recently_scored, rule_sheet
from opsdesk.theme import Tone
from opsdesk.widgets.fields import Field, TextField, put_value
from opsdesk.widgets.form import Form
from opsdesk.widgets.key_bar import BarKey
from opsdesk.widgets.paper import heading, paragraph

if TYPE_CHECKING:
    from opsdesk.store.work import Done  # noqa: F401  the base class names it in quotes

_SEEN = "seen"


class RuleEditor(FormPanel["Done"]):
    """Every pause in the typing checks the rule; F9 saves a version of it."""

    DRAFT = "rule"
    CSS_PATH: ClassVar[list[str | PurePath]] = ["../../forms/forms.tcss", "rules.tcss"]

    def __init__(self, line: RuleLine | None, book: FraudBook) -> None:
        key = line.key if line is not None else ""
        self.line, self.book = line, book
        self.version = line.revision if line is not None else 0
        begun = begun_with(line, book)
        fields = [
            Field(name, label, begun.get(name, ""), HINTS.get(name, ""), rows=ROWS.get(name, 1), longest=2_000)
            for name, label in LABELS.items()
            if name != "id" or line is None
        ]
        title = f"RULE {key}, {whose(line)}" if line is not None else "NEW RULE"
        # Drafts are kept by a number; a rule has an id instead.
        super().__init__(title, fields, subject_id=crc32(key.encode()) & 0x7FFFFFFF if key else 0)
        self.recent: Sequence[Recent] = ()
        self.known: OrderKnown | None = None
        self.checked = Checked(())
        self._no_order = ""
        self._looked_up = ""
        self._left = ""

    def compose_body(self) -> ComposeResult:
        """Yield the fields, and beside or below them the check."""
        with Horizontal(id="rule-columns"):
            with Vertical(id="rule-fields"):
                yield self.form
                yield CheckSheet(id="rule-brief")
            yield CheckSheet(id="rule-check")

    def on_mount(self) -> None:
        """Give the texts more rows where there are some."""
        if self.app.size.height >= 34:
            for name, rows in TALL_ROWS.items():
                self.form.widget(name).styles.height = rows

    async def load(self) -> None:
        """Read the orders that it is tried on, and take up what was typed before."""
        self.recent = await self.fetch(recently_scored) or ()
        if not self.is_attached:
            return
        await self._take_up_version()
        await super().load()
        await self._check()

    def _keep(self, values: Mapping[str, str]) -> None:
        # With the version that was changed: what somebody else saved since must not be saved over unseen.
        super()._keep({**values, _SEEN: str(self.version)})

    async def _take_up_version(self) -> None:
        user_id = self._drafting_user
        if user_id is None or self.form.is_changed:
            return
        draft = await self.fetch(find_draft, user_id, self.DRAFT, self.subject_id)
        if draft is not None and draft.fields.get(_SEEN, "").isdecimal():
            self.version = int(draft.fields[_SEEN])

    # What F9 does.

    def commit_label(self) -> str | None:
        """Say what F9 does."""
        return "SAVE THE RULE"

    def why_not(self, action: str, *parameters: object) -> str | None:
        """Say what F8 is for. F9 is never stopped by an older check: what was typed right before it counts too."""
        if action == "next":
            return None if self.has_class("-narrow") else "The check stands beside the fields."
        return None if action == "choices" else super().why_not(action, *parameters)

    def _why_not_save(self) -> str | None:
        if self.checked.problems:
            return f"Not saved while something is wrong: {said(self.checked.problems[0], LABELS)}"
        return missing_words(self.checked, LABELS) or None

    def action_commit(self) -> None:
        """Check what was typed last, then save it or say what is wrong."""
        (self.focused or self).call_later(self._commit)

    def _commit(self) -> None:
        self._look()
        if problem := self._why_not_save():
            wrong = [each.field for each in self.checked.problems]
            self.form.focus_field([*wrong, *self.checked.missing][0])
            self.say_no(problem)
        else:
            self.commit(self.form.values)

    def commit(self, values: Mapping[str, str]) -> None:
        """Save a version."""
        table = self._table(values)
        fields = {key: value for key, value in table.items() if key not in ("author", "since")}
        # A new one takes no place that is taken; versions of one that was withdrawn stand in nobody's way.
        is_new, version = self.line is None, self.version if self.line is not None else None
        self.carry_out(save, fields=fields, version=version, is_new=is_new, note=values["note"].strip())

    def after_conflict(self) -> None:
        """Let the next F9 save over what somebody else saved; what they changed stands above."""
        self.begin_quietly(self._read_version())

    async def _read_version(self) -> None:
        if self.line is None:
            return
        found = await self.fetch(
            rule_sheet, self.desk.store.fraud, now=self.desk.clock(), rule_ids=(self.line.rule_id,)
        )  # fmt: skip
        if found is not None and found.lines:
            self.version = found.lines[0].revision

    # What can be chosen.

    def action_choices(self) -> None:
        """List what the field can hold; in a condition the facts, which go where the cursor stands."""
        name = self._field_name
        entries = list(entries_of(name, self.book))
        if not entries:
            self.say(f"{LABELS.get(name, 'This field')} is free text.", hint="F4 lists facts, states, groups, phrases")
            return

        def chosen(key: str | None) -> None:
            if key is not None:
                self._put(name, key)

        pointed = None if name in FACTS_IN else self.form.values[name].strip()
        panel = ChoicePanel(LABELS[name].upper(), entries, pointed=pointed, narrows=name in FACTS_IN)
        self.app.push_screen(panel, callback=chosen)

    def _put(self, name: str, key: str) -> None:
        widget = self.form.widget(name)
        if name not in FACTS_IN:
            put_value(widget, key)
        else:
            text = "{" + key + "}" if name == "agent" else key
            insert = widget.insert if isinstance(widget, TextField) else widget.insert_text_at_cursor
            insert(text)
        self.form.focus_field(name)
        self._keep(self.form.draft)
        self._look()

    @property
    def _field_name(self) -> str:
        focused = self.focused
        return next((one.name for one in self.form.fields() if self.form.widget(one.name) is focused), "")

    # The check.

    def action_next(self) -> None:
        """Turn between the fields and the check, where there is no room for both; the cursor waits in its field."""
        self._left = self._field_name or self._left
        self.toggle_class("-proving")
        if self.has_class("-proving"):
            self.set_focus(None)
        else:
            self.form.focus_field(self._left)

    def panel_keys(self) -> Sequence[BarKey]:
        """Show how to choose, and how to see the check on a small terminal."""
        main = BarKey("screen.commit", "F9", "SAVE THE RULE", self._why_not_save(), is_main=True)
        keys = [main, BarKey("screen.back", "F3", "back"), BarKey("screen.choices", "F4", "facts, choices")]
        if not self.has_class("-narrow"):
            return keys
        return [*keys, BarKey("screen.next", "F8", "the fields" if self.has_class("-proving") else "the check")]

    @on(Form.Edited)
    def _changed(self, event: Form.Edited) -> None:
        run_latest(self, self._check, "check")

    async def _check(self) -> None:
        number = self.form.values["order"].strip()
        if number != self._looked_up:
            self._looked_up = number
            await self._look_up(number)
        if self.is_attached:
            self._look()

    async def _look_up(self, number: str) -> None:
        self.known, self._no_order = None, ""
        if not number:
            return
        desk = self.desk
        try:
            self.known = await desk.read(
                known_order, number, fraud=desk.store.fraud, zone=desk.zone, now=desk.clock()
            )  # fmt: skip
        except Invalid as error:
            self._no_order = error.message
        except OpsDeskError as error:
            self.show_refusal(error)

    def _table(self, values: Mapping[str, str]) -> dict[str, object]:
        line = self.line
        known = {"id": line.rule_id, **values} if line is not None else dict(values)
        today = self.desk.clock().astimezone(self.desk.zone).date()
        return table_of(known, author=self.desk.actor.name, since=today.isoformat())

    def _look(self) -> None:
        table = self._table(self.form.values)
        self.checked = check(table, self.book, self.recent)
        name = self._field_name
        word = word_before_cursor(self.form.widget(name)) if name in FACTS_IN else ""
        self.query_one("#rule-check", CheckSheet).show(lambda width: tuple(self._side(table, word, width)))
        self.query_one("#rule-brief", CheckSheet).show(lambda width: tuple(self._brief(table, width)))
        self.show_keys()

    def _side(self, table: Mapping[str, object], word: str, width: int) -> Iterator[Content]:
        yield heading("THE CHECK", width)
        yield from self._told(table, width)
        if self._no_order:
            yield Content("")
            yield from paragraph(self._no_order, width, style=Tone.LOOK.style)
        if self.known is not None and self.checked.rule is not None:
            yield Content("")
            yield from answer_lines(
                self.checked.rule, self.known, self.book.vocabulary, symbols(self.host.symbol), width
            )
        if facts := tuple(fact_lines(self.book.vocabulary, word, width)):
            yield Content("")
            yield from facts

    def _told(self, table: Mapping[str, object], width: int) -> Iterator[Content]:
        symbol, checked = self.host.symbol, self.checked
        yield from problem_lines(checked, table, LABELS, symbol("wrong"), width)
        if missing := missing_words(checked, LABELS):
            yield from paragraph(missing, width, style=Tone.DIM.style)
        before = self.line.rule if self.line is not None else None
        rule, note = checked.rule, self.form.values["note"].strip()
        is_early = rule is not None and not note and needs_reason(rule, before)
        yield from sound_lines(checked, is_early=is_early, done=symbol("done"), look=symbol("look"), width=width)

    def _brief(self, table: Mapping[str, object], width: int) -> Iterator[Content]:
        if not self.checked.problems:
            yield from self._told(table, width)
        for problem in self.checked.problems:
            words = f"{self.host.symbol('wrong')} {said(problem, LABELS)}"
            yield from paragraph(words, width, style=Tone.ALARM.style)
