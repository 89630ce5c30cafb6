"""`opsdesk mail`: look at the outbox, the templates and the mail server."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from opsdesk.cli.acting import acting, opened
from opsdesk.cli.choices import chosen
from opsdesk.cli.options import AsOption, JsonOption, StoreOption
from opsdesk.cli.output import complain, say, say_done, say_json

app = typer.Typer(help="Mails to customers: the outbox, the templates, the mail server.", no_args_is_help=True)


@app.command("list")
def list_mails(
    store: StoreOption = "",
    state: Annotated[list[str] | None, typer.Option("--state", help="Only mails in this state; repeatable.")] = None,
    after: Annotated[int, typer.Option("--after", help="Only mails with a higher id: the next page.")] = 0,
    as_json: JsonOption = False,
) -> None:
    """List at most 200 mails, oldest first; without --state those that wait or need somebody."""
    from opsdesk.domain.mails.outgoing import MailState
    from opsdesk.store.views.mails.listing import outbox

    states = tuple(chosen(MailState, name, "state") for name in state or ())
    with opened(store) as found, found.reading() as session:
        lines = outbox(session, states=states, after_id=after)
    if as_json:
        say_json(lines)
        return
    for line in lines:
        say(line.id, line.state, line.order_number, line.recipient, line.subject, line.last_error)


@app.command("show")
def show_mail(mail_id: int, store: StoreOption = "", as_json: JsonOption = False) -> None:
    """Print one mail as it was or will be sent."""
    from opsdesk.domain.errors import Refused
    from opsdesk.store.views.mails.listing import mail_text

    with opened(store) as found, found.reading() as session:
        mail = mail_text(session, mail_id)
    if mail is None:
        raise Refused(f"There is no mail {mail_id}.")
    if as_json:
        say_json(asdict(mail.line) | {"text": mail.text, "html": mail.html, "language": mail.language})
        return
    say(f"To: {mail.line.recipient}\nSubject: {mail.line.subject}\nState: {mail.line.state.word}\n\n{mail.text}")


@app.command("take-back")
def take_back_mail(mail_id: int, store: StoreOption = "", as_name: AsOption = "", as_json: JsonOption = False) -> None:
    """Take a mail out of the outbox before it is sent."""
    from opsdesk.operations.mails.outbox import take_back

    with acting(store, as_name) as performer:
        say_done(performer.perform(take_back, mail_id), as_json=as_json)


@app.command("check")
def check_server(store: StoreOption = "") -> None:
    """Speak with the mail server as far as the sign-in; send nothing."""
    from opsdesk.domain.errors import Refused
    from opsdesk.integrations.mail.opening import open_mailer
    from opsdesk.settings import load_settings
    from opsdesk.store.views.shop import shop

    settings = load_settings()
    with opened(store) as found, found.reading() as session:
        sender = shop(session, settings.zone).sender
    mailer = open_mailer(settings.smtp_url, sender)
    if mailer is None:
        raise Refused("OPSDESK_SMTP_URL is not set: mails wait in the outbox.")
    problem = mailer.check()
    mailer.close()
    if problem is not None:
        raise Refused(problem)
    say("The mail server can be used.")


@app.command("lint")
def lint_templates(as_json: JsonOption = False) -> None:
    """Check every template in every language; end with 1 if something is wrong."""
    from opsdesk.domain.mails.letters import ShopFacts
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
        say_json(problems)
    for problem in () if as_json else problems:
        complain(
            f"{problem['template']}/{problem['language']}.{problem['part']}:{problem['line']}: {problem['message']}"
        )
    if problems:
        raise typer.Exit(1)
