"""Editing one e-mail template: its parts to the left, the mail as it would go out to the right, what is wrong below."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING
from zlib import crc32

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content

from opsdesk.domain.errors import OpsDeskError
from opsdesk.domain.statuses.menu import Status
from opsdesk.operations.mails.templates import Proof, proof, save
from opsdesk.screens.forms.filling import begin_with
from opsdesk.screens.frame.latest import run_latest
from opsdesk.screens.frame.panels import FormPanel
from opsdesk.theme import Tone
from opsdesk.widgets.fields import Field
from opsdesk.widgets.form import Form
from opsdesk.widgets.key_bar import BarKey
from opsdesk.widgets.paper import Paper, heading, paragraph

if TYPE_CHECKING:
    from opsdesk.integrations.ports import TemplateText
    from opsdesk.store.work import Done  # noqa: F401  the base class names it in quotes

_LONGEST = 60_000
_MOST_PROBLEMS = 6


class TemplateEditor(FormPanel["Done"]):
    """Subject, text and HTML; every pause in the typing checks them and fills them in. F9 saves what has no problem."""

    DRAFT = "template"
    CSS_PATH = "templates.tcss"

    def __init__(self, status: Status, language: str) -> None:
        fields = [
            Field("subject", "subject", longest=200),
            Field("text", "text", rows=13, longest=_LONGEST),
            Field("html", "HTML", rows=8, longest=_LONGEST, hint="empty: a plain one is made of the text"),
        ]
        # Drafts are kept by a number; a template has a name and a language instead.
        subject_id = crc32(f"{status.template}/{language}".encode()) & 0x7FFFFFFF
        super().__init__(f"TEMPLATE: {status.name}, {language}", fields, subject_id=subject_id)
        self.status = status
        self.language = language
        self.found: Proof | None = None

    def compose_body(self) -> ComposeResult:
        """Yield the parts, the mail and the problems."""
        with Horizontal(id="editor-columns"):
            with Vertical(id="editor-parts"):
                yield self.form
                yield Paper(id="editor-problems")
            with VerticalScroll(id="editor-side", can_focus=False):
                yield Paper(id="editor-proof")

    async def load(self) -> None:
        """Read the template and take up what was typed before; a new language begins with the shop's own."""
        source = await self.desk.run(self._source)
        if self.is_attached and not self.form.is_changed:
            begin_with(self.form, {"subject": source.subject, "text": source.text, "html": source.html})
            await super().load()
            await self._prove()

    def _source(self) -> TemplateText:
        letters, template = self.desk.letters, self.status.template
        found = letters.source(template, self.language)
        return found if found.text else letters.source(template, self.desk.shop.facts.language)

    def why_not(self, action: str, *parameters: object) -> str | None:
        """A template with problems is not saved."""
        if action == "commit" and self.found is not None and self.found.problems:
            first = self.found.problems[0]
            return f"Not saved while something is wrong: {first.part}, line {first.line}: {first.message}"
        return super().why_not(action, *parameters)

    def commit_label(self) -> str | None:
        """Say what F9 does."""
        return "SAVE THE TEMPLATE"

    def action_commit(self) -> None:
        """Save, or say what is wrong."""
        if problem := self.why_not("commit"):
            self.say_no(problem)
        else:
            super().action_commit()

    def commit(self, values: Mapping[str, str]) -> None:
        """Keep it as the shop's own."""
        self.carry_out(
            save, writer=self.desk.letters, status=self.status, language=self.language, text=self._typed(values)
        )

    def action_next(self) -> None:
        """Turn between the parts and the mail, where there is no room for both."""
        self.toggle_class("-proving")

    def panel_keys(self) -> Sequence[BarKey]:
        """Show how to see the mail on a small terminal."""
        return [*super().panel_keys(), BarKey("screen.next", "F8", "the mail")]

    @on(Form.Edited)
    def _changed(self, event: Form.Edited) -> None:
        run_latest(self, self._prove, "proof")

    async def _prove(self) -> None:
        typed = self._typed(self.form.values)
        try:
            found = await self.desk.run(proof, self.desk.letters, self.status, self.language, typed)
        except OpsDeskError as error:
            self.show_refusal(error)
            return
        if not self.is_attached:
            return
        self.found = found
        if found.letter is not None:
            self.query_one("#editor-proof", Paper).show(partial(proof_lines, "As the customer reads it", found))
        self.query_one("#editor-problems", Paper).show(partial(self._problem_lines, found))
        self.show_keys()

    def _typed(self, values: Mapping[str, str]) -> TemplateText:
        source = self.desk.letters.source(self.status.template, self.language)
        return replace(source, subject=values["subject"], text=values["text"], html=values["html"])

    def _problem_lines(self, found: Proof, width: int) -> list[Content]:
        if not found.problems:
            done = self.host.symbol("done")
            return [Content.styled(f"{done} Nothing is wrong with it.", Tone.GOOD.style)]
        return problem_lines(found, width, self.host.symbol("wrong"))


def problem_lines(found: Proof, width: int, symbol: str) -> list[Content]:
    """Return what is wrong, each with its part and line."""
    lines: list[Content] = []
    for each in found.problems[:_MOST_PROBLEMS]:
        lines += paragraph(f"{symbol} {each.part}, line {each.line}: {each.message}", width, style=Tone.ALARM.style)
    more = len(found.problems) - _MOST_PROBLEMS
    return [*lines, *([Content.styled(f"  and {more} more", Tone.DIM.style)] if more > 0 else [])]


def proof_lines(title: str, found: Proof | None, width: int) -> list[Content]:
    """Return a template filled in with an example order, or what is wrong with it."""
    lines = [heading(title, width, "example order")]
    if found is None:
        return [
            *lines,
            *paragraph("It is not written in this language yet. e begins it.", width, style=Tone.LOOK.style),
        ]
    if found.letter is None:
        return [*lines, *problem_lines(found, width, "✗")]
    return [
        *lines,
        *paragraph(found.letter.subject, width, style=f"bold {Tone.PLAIN.style}"),
        Content(""),
        *paragraph(found.letter.text.rstrip(), width),
    ]
