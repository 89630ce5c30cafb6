"""The shop's e-mail templates: one row per status, each language beside it, filled in with an example order."""

from __future__ import annotations

from functools import partial
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll

from opsdesk.domain.people.permissions import why_not_allowed
from opsdesk.domain.statuses.menu import Status
from opsdesk.keys import bindings
from opsdesk.operations.mails.templates import Proof, proof
from opsdesk.screens.frame.base import DeskScreen
from opsdesk.screens.frame.latest import run_latest
from opsdesk.screens.frame.panels import ChoicePanel
from opsdesk.screens.mails.template_editor import TemplateEditor, proof_lines
from opsdesk.theme import Tone
from opsdesk.widgets.choices import Choice
from opsdesk.widgets.filter_line import FilterLine
from opsdesk.widgets.paper import Paper
from opsdesk.widgets.record_table import RecordTable
from opsdesk.widgets.rows import Cell, Column, Row

_COLUMNS = (
    Column("name", "STATUS", 22, grows=True),
    Column("languages", "WRITTEN IN", 11),
    Column("asks", "ASKS", 7, needs=44),
)
_READ_AFTER_S = 0.1
LANGUAGES = {
    "en": "English",
    "de": "German",
    "fr": "French",
    "es": "Spanish",
    "it": "Italian",
    "nl": "Dutch",
    "pl": "Polish",
    "da": "Danish",
    "sv": "Swedish",
    "pt": "Portuguese",
    "cs": "Czech",
    "fi": "Finnish",
    "nb": "Norwegian",
}
"""What a template can be begun in from the list; any other code works through a file in the shop's folder."""


class TemplatesScreen(DeskScreen[None]):
    """The list to the left, the mail to the right; e edits the language that is shown."""

    PLACE = "E-MAIL TEMPLATES"
    NAME_OF_PLACE = "templates"
    KEYS = ("templates", "everywhere")
    BODY_FOCUS = "#templates"
    BINDINGS: ClassVar[list[BindingType]] = bindings("templates")
    CSS_PATH = "templates.tcss"

    def __init__(self) -> None:
        super().__init__()
        self.language = ""
        self.words = ""
        self.written: dict[str, tuple[str, ...]] = {}

    def compose_body(self) -> ComposeResult:
        """Yield the list, and the mail beside it."""
        yield FilterLine(id="filter")
        with Horizontal(id="template-columns"):
            with Vertical(id="template-list"):
                yield RecordTable(_COLUMNS, id="templates")
            with VerticalScroll(id="template-side", can_focus=True):
                yield Paper(id="template-proof")

    @property
    def table(self) -> RecordTable:
        """The list."""
        return self.query_one("#templates", RecordTable)

    @property
    def status(self) -> Status | None:
        """The status under the pointer."""
        code = self.table.pointed
        return next((each for each in self.desk.statuses.statuses if each.code == code), None)

    async def load(self) -> None:
        """See in which languages each template is written."""
        self.language = self.language or self.desk.shop.facts.language
        statuses = self.desk.statuses.statuses
        self.written = await self.desk.run(
            lambda: {each.code: self.desk.letters.languages(each.template) for each in statuses}
        )
        if self.is_attached:
            self._show_rows()
            self._read_pointed()

    def _show_rows(self) -> None:
        words = self.words.casefold().split()
        rows: dict[str, Row] = {}
        for each in self.desk.statuses.statuses:
            if all(word in f"{each.name} {each.code}".casefold() for word in words):
                asks = f"{each.answer_days} days" if each.answer_days else "repeats" if each.keeps_deadline else ""
                languages = self.written.get(each.code, ())
                rows[each.code] = (
                    Cell(each.name),
                    Cell(" ".join(languages) or "not yet", Tone.DIM if languages else Tone.LOOK),
                    Cell(asks, Tone.DIM),
                )
        self.table.show(rows, empty=("No status is called so. Esc empties the filter.",))
        self.show_state(
            (f"filter: {self.words}" if self.words else "", Tone.LOOK), (f"shown in {self.language}", Tone.DIM)
        )
        self.show_keys()

    def why_not(self, action: str, *parameters: object) -> str | None:
        """Say who may change what customers read."""
        if action in ("edit", "open"):
            if self.status is None:
                return "No template is selected."
            return why_not_allowed(self.desk.actor, "template.save") if action == "edit" else None
        return super().why_not(action, *parameters)

    def subject(self) -> str:
        """Name the template before the letters of the key bar."""
        return f"{self.status.name}, {self.language}" if self.is_mounted and self.status else ""

    def action_edit(self) -> None:
        """Edit the template in the language that is shown."""
        if self.status is not None:
            self.app.push_screen(TemplateEditor(self.status, self.language), callback=self.closed)

    def action_open(self) -> None:
        """Edit it, where one may."""
        if problem := self.why_not("edit"):
            self.say_no(problem)
        else:
            self.action_edit()

    def action_language(self) -> None:
        """Show the next language that this template is written in."""
        status = self.status
        languages = self.written.get(status.code, ()) if status is not None else ()
        if languages:
            at = languages.index(self.language) if self.language in languages else -1
            self._show_in(languages[(at + 1) % len(languages)])

    def action_choices(self) -> None:
        """Choose any language, one that it is not written in yet too."""
        status = self.status
        if status is None:
            return
        written = self.written.get(status.code, ())
        codes = list(dict.fromkeys((*written, *LANGUAGES)))
        entries = [
            Choice(code, LANGUAGES.get(code, code), "" if code in written else "not written yet") for code in codes
        ]

        def show(code: str | None) -> None:
            if code is not None:
                self._show_in(code)

        panel = ChoicePanel(f"{status.name.upper()} IN", entries, pointed=self.language, narrows=True)
        self.app.push_screen(panel, callback=show)

    def action_filter(self) -> None:
        """Go to the filter."""
        self.add_class("-filtering")
        self.set_focus(self.query_one(FilterLine))

    def _show_in(self, language: str) -> None:
        self.language = language
        self._show_rows()
        self._read_pointed()

    def closed(self, result: object) -> None:
        """Show what was saved."""
        super().closed(result)
        self.reload()

    @on(FilterLine.Filtered)
    def _filtered(self, event: FilterLine.Filtered) -> None:
        self.words = event.text.strip()
        if event.is_final:
            self.set_class(bool(self.words), "-filtering")
            self.focus_body()
        self._show_rows()

    @on(RecordTable.Opened, "#templates")
    async def _opened(self) -> None:
        await self.run_action("open")

    @on(RecordTable.Pointed, "#templates")
    def _pointed(self) -> None:
        self.show_keys()
        self.set_timer(_READ_AFTER_S, self._read_pointed)

    def _read_pointed(self) -> None:
        run_latest(self, self._show_pointed, "preview")

    async def _show_pointed(self) -> None:
        status, language = self.status, self.language
        if status is None:
            return
        found = await self.desk.run(self._prove, status, language)
        if self.is_attached and self.status is status and self.language == language:
            title = f"{status.name}, {LANGUAGES.get(language, language)}"
            self.query_one("#template-proof", Paper).show(partial(proof_lines, title, found))

    def _prove(self, status: Status, language: str) -> Proof | None:
        source = self.desk.letters.source(status.template, language)
        return proof(self.desk.letters, status, language, source) if source.text else None
