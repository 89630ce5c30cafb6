"""The shop's own e-mail templates: read for editing, checked, previewed and saved."""

from __future__ import annotations

from dataclasses import dataclass

from opsdesk.domain.errors import Invalid
from opsdesk.domain.mails.outgoing import Letter
from opsdesk.domain.statuses.menu import Status
from opsdesk.integrations.ports import LetterWriter, TemplateProblem, TemplateText
from opsdesk.store.work import Done, Work, operation


@dataclass(frozen=True, slots=True)
class Proof:
    """An unsaved template with what is wrong with it and, when nothing is, how it looks filled in."""

    problems: tuple[TemplateProblem, ...]
    letter: Letter | None


def proof(writer: LetterWriter, status: Status, language: str, text: TemplateText) -> Proof:
    """Check an unsaved template and fill it in with an example order. Changes nothing."""
    problems = writer.lint(status.template, language, text, has_deadline=status.has_deadline)
    return Proof(problems, None if problems else writer.example(status.template, language, text))


@operation("template.save")
def save(work: Work, *, writer: LetterWriter, status: Status, language: str, text: TemplateText) -> Done:
    """Keep a template as the shop's own, if nothing is wrong with it.

    Raises:
        Invalid: the first problem, with its part and line.
        Unavailable: the shop has no folder for templates, or it cannot be written.
    """
    problems = writer.lint(status.template, language, text, has_deadline=status.has_deadline)
    if problems:
        first = problems[0]
        more = f" There are {len(problems) - 1} more problems." if len(problems) > 1 else ""
        raise Invalid(first.part, f"Not saved. {first.part}, line {first.line}: {first.message}{more}")
    before = writer.source(status.template, language)
    work.record(
        "template.saved",
        "template",
        0,
        f"E-mail template {status.template} ({language}) changed",
        before=f"{before.subject}\n{before.text}",
        after=f"{text.subject}\n{text.text}",
    )
    writer.save(status.template, language, text)
    return Done(f"Saved the e-mail template {status.template} ({language}).")
