"""`opsdesk mail`: look at the outbox, the templates and the mail server."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import Annotated

import typer

app = typer.Typer(help="Mails to customers: the outbox, the templates, the mail server.", no_args_is_help=True)

StoreOption = Annotated[str, typer.Option("--store", envvar="OPSDESK_STORE", help="Where the orders are.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command("list")
def list_mails(
    store: StoreOption = "",
    state: Annotated[list[str] | None, typer.Option("--state", help="Only mails in this state; repeatable.")] = None,
    after: Annotated[int, typer.Option("--after", help="Only mails with a higher id: the next page.")] = 0,
    as_json: JsonOption = False,
) -> None:
    """List at most 200 mails, oldest first; without --state those that wait or need somebody."""
    from opsdesk.domain.errors import Invalid
    from opsdesk.domain.mailing import MailState
    from opsdesk.settings import load_settings
    from opsdesk.store.engine import open_store
    from opsdesk.store.views.mails import outbox

    try:
        states = tuple(MailState(name) for name in state or ())
    except ValueError as error:
        raise Invalid("state", f"A mail is one of: {', '.join(MailState)}.") from error
    opened = open_store(store or load_settings().store_url)
    try:
        with opened.reading() as session:
            lines = outbox(session, states=states, after_id=after)
    finally:
        opened.close()
    if as_json:
        print(json.dumps([asdict(line) for line in lines], default=str))
        return
    for line in lines:
        print(f"{line.id}\t{line.state}\t{line.order_number}\t{line.recipient}\t{line.subject}\t{line.last_error}")


@app.command("show")
def show_mail(mail_id: int, store: StoreOption = "", as_json: JsonOption = False) -> None:
    """Print one mail as it was or will be sent."""
    from opsdesk.domain.errors import Refused
    from opsdesk.settings import load_settings
    from opsdesk.store.engine import open_store
    from opsdesk.store.views.mails import mail_text

    opened = open_store(store or load_settings().store_url)
    try:
        with opened.reading() as session:
            mail = mail_text(session, mail_id)
    finally:
        opened.close()
    if mail is None:
        raise Refused(f"There is no mail {mail_id}.")
    if as_json:
        words = {"text": mail.text, "html": mail.html, "language": mail.language}
        print(json.dumps(asdict(mail.line) | words, default=str))
        return
    print(f"To: {mail.line.recipient}\nSubject: {mail.line.subject}\nState: {mail.line.state.word}\n\n{mail.text}")


@app.command("check")
def check_server(store: StoreOption = "") -> None:
    """Speak with the mail server as far as the sign-in; send nothing."""
    from opsdesk.domain.errors import Refused
    from opsdesk.integrations.mail.opening import open_mailer
    from opsdesk.settings import load_settings
    from opsdesk.store.engine import open_store
    from opsdesk.store.views.shop import shop

    settings = load_settings()
    opened = open_store(store or settings.store_url)
    try:
        with opened.reading() as session:
            sender = shop(session, settings.zone).sender
    finally:
        opened.close()
    mailer = open_mailer(settings.smtp_url, sender)
    if mailer is None:
        raise Refused("OPSDESK_SMTP_URL is not set: mails wait in the outbox.")
    problem = mailer.check()
    mailer.close()
    if problem is not None:
        raise Refused(problem)
    print("The mail server can be used.")


@app.command("lint")
def lint_templates(as_json: JsonOption = False) -> None:
    """Check every template in every language; end with 1 if something is wrong."""
    from opsdesk.domain.letters import ShopFacts
    from opsdesk.integrations.mail.opening import open_statuses, open_writer
    from opsdesk.settings import data_folder, load_settings

    settings = load_settings()
    book = open_statuses(data_folder(), settings.template_folder)
    facts = ShopFacts("Shop", "+44 20 7946 0000", "9-17", "https://shop.example", "Road", settings.zone)
    writer = open_writer(data_folder(), settings.template_folder, facts)
    problems = [
        {"template": status.template, "language": language, **asdict(problem)}
        for status in book.statuses
        for language in writer.languages(status.template)
        for problem in writer.lint(
            status.template, language, writer.source(status.template, language), has_deadline=status.has_deadline
        )
    ]
    writer.close()
    if as_json:
        print(json.dumps(problems))
    for problem in () if as_json else problems:
        place = f"{problem['template']}/{problem['language']}.{problem['part']}:{problem['line']}"
        print(f"{place}: {problem['message']}", file=sys.stderr)
    if problems:
        raise typer.Exit(1)
