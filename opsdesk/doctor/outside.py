"""What lies around the store: mail server, mailbox, worker, clock, templates."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import cast

from sqlalchemy import func, select, text
from sqlmodel import col

from opsdesk.doctor.findings import Finding, mend, watch, well
from opsdesk.domain.mails.letters import ShopFacts
from opsdesk.domain.mails.outgoing import MailState
from opsdesk.integrations.mail.opening import open_mailbox, open_mailer, open_statuses, open_writer
from opsdesk.settings import Settings, data_folder
from opsdesk.store.engine import Store
from opsdesk.store.outboxes.mails import next_due
from opsdesk.store.tables import ActivityRow, MailboxCursorRow, MailRow
from opsdesk.store.views.shop import shop
from opsdesk.worker.loop import worker_state

LATE = timedelta(minutes=15)
"""A mail that has waited so long beyond its time will not go by itself."""

CLOCK_OFF, CLOCK_WRONG = timedelta(seconds=2), timedelta(minutes=1)


def mail_server(store: Store, settings: Settings) -> Finding:
    """Speak with the mail server as far as the sign-in.

    Raises:
        Invalid: its address cannot be used.
    """
    with store.reading() as session:
        described = shop(session, settings.zone)
    mailer = open_mailer(settings.smtp_url, described.sender)
    if mailer is None:
        sentence = "No mail server is set: mails to customers wait in the outbox."
        return watch(
            "mail server", sentence, "Set OPSDESK_SMTP_URL, e.g. smtp+starttls://user:password@mail.example:587."
        )
    try:
        problem = mailer.check()
    finally:
        mailer.close()
    if problem is not None:
        return mend("mail server", problem, "Correct OPSDESK_SMTP_URL, or look after the mail server.")
    if not described.is_described:
        sentence = "Mails would go out in the name of an invented shop."
        return mend("mail server", sentence, "Describe your shop: `opsdesk shop`.")
    return well("mail server", "The mail server can be used.")


def mailbox(store: Store, settings: Settings) -> Finding:
    """Sign in to the mailbox into which bounces and answers come, and open it.

    Raises:
        Invalid, Refused, Unavailable: its address or its password cannot be used.
    """
    box = open_mailbox(settings)
    if box is None:
        return well("mailbox", "No mailbox is set; mails that come back are seen by whoever reads the shop's post.")
    if (problem := box.check()) is not None:
        return mend("mailbox", problem, "Correct OPSDESK_IMAP_URL and OPSDESK_IMAP_PASSWORD, or look after the server.")
    with store.reading() as session:
        row = session.get(MailboxCursorRow, box.name)
    if row is None:
        return watch("mailbox", "The mailbox can be read, and no worker has read it yet.", "Run `opsdesk worker`.")
    if row.problem:
        return watch("mailbox", f"The worker could not read it: {row.problem}", "It tries again every minute.")
    return well("mailbox", "The mailbox can be read.")


def worker(store: Store, *, now: datetime) -> Iterator[Finding]:
    """Look whether somebody sends mails and watches deadlines, and what is left lying."""
    state = worker_state(store, now=now)
    with store.reading() as session:
        due = next_due(session)
        held = session.execute(select(func.count()).where(col(MailRow.state) == MailState.HELD.value)).scalar_one()
    seen = f"was last seen at {state.last_seen:%Y-%m-%d %H:%M} UTC" if state.last_seen else "was never seen"
    start = "Run `opsdesk worker`, best as a service. With a store in one file an open app does its work too."
    if state.is_running:
        yield well("worker", f"A worker runs: {state.holder.partition(':')[0]}.")
    elif due is not None and due < now - LATE:
        yield mend("worker", f"No worker runs ({seen}), and mails are due since {due:%Y-%m-%d %H:%M} UTC.", start)
    else:
        yield watch("worker", f"No worker runs; it {seen}.", start)
    if held:
        sentence = f"{held} mails are held, because nobody can know whether they arrived."
        yield watch("outbox", sentence, "Decide about each: `opsdesk mail list --state held`.")


def clock(store: Store, *, now: datetime) -> Finding:
    """Compare this machine's clock with the server's, or with the newest row of the history."""
    with store.reading() as session:
        if store.is_sqlite:
            newest = session.execute(select(col(ActivityRow.at)).order_by(col(ActivityRow.id).desc()).limit(1))
            off = max(timedelta(0), (newest.scalar() or now) - now)
            other = "the newest row of the history was written later than now"
        else:
            theirs = cast(datetime, session.execute(text("SELECT clock_timestamp()")).scalar_one())
            off, other = abs(theirs - now), "it differs from the server's"
    how = f"{other} by {off.total_seconds():.0f} s."
    if off > CLOCK_WRONG:
        return mend("clock", f"This machine's clock is wrong: {how}", "Set it, and let chrony or NTP keep it.")
    if off > CLOCK_OFF:
        return watch("clock", f"This machine's clock is a little off: {how}", "Let chrony or NTP keep it.")
    return well("clock", "This machine's clock agrees with the store.")


def templates(settings: Settings) -> Iterator[Finding]:
    """Check every template in every language, as saving one does.

    Raises:
        Invalid: the list of statuses cannot be used.
    """
    book = open_statuses(data_folder(), settings.template_folder)
    facts = ShopFacts("Shop", "+44 20 7946 0000", "9-17", "https://shop.example", "Road", settings.zone)
    writer = open_writer(data_folder(), settings.template_folder, facts)
    count = wrong = 0
    try:
        for status in book.statuses:
            for language in writer.languages(status.template):
                source = writer.source(status.template, language)
                count += 1
                for problem in writer.lint(status.template, language, source, has_deadline=status.has_deadline):
                    wrong += 1
                    place = f"{status.template}/{language}.{problem.part}:{problem.line}"
                    yield mend(
                        "templates", f"{place}: {problem.message}", "Correct the template: `:templates` in the app."
                    )
    finally:
        writer.close()
    if not wrong:
        yield well("templates", f"{count} templates can be filled in.")
