"""Open the mail side of a shop from what is set: the writer of letters and the mail server."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from opsdesk.domain.errors import Refused
from opsdesk.domain.mails.letters import ShopFacts
from opsdesk.domain.mails.outgoing import Sender
from opsdesk.domain.statuses.entries import read_statuses
from opsdesk.domain.statuses.menu import StatusBook
from opsdesk.integrations.mail.rendering import TemplateWriter
from opsdesk.integrations.mail.shelf import TemplateShelf, read_forbidden_words
from opsdesk.integrations.mail.smtp import SmtpMailer, read_smtp_url
from opsdesk.integrations.shop_files import read_pair

if TYPE_CHECKING:
    from opsdesk.integrations.mail.mailbox import ImapMailbox
    from opsdesk.settings import Settings


def open_statuses(data: Path, own: Path | None = None) -> StatusBook:
    """Read the Order Status menu: the shipped statuses, and the shop's own from `statuses.toml` in its folder.

    Raises:
        Invalid: an entry is not a status; the sentence names it.
    """
    return read_statuses(*read_pair("statuses.toml", data, own))


def open_writer(data: Path, own: Path | None, shop: ShopFacts) -> TemplateWriter:
    """Make the writer of letters over the shipped templates and the shop's own."""
    shelf = TemplateShelf(data / "templates", own, shop.language)
    return TemplateWriter(shelf, read_forbidden_words(data / "forbidden_words.toml"), shop)


def open_mailer(smtp_url: str | None, sender: Sender) -> SmtpMailer | None:
    """Make the mailer for a mail server, or None where none is set: then mails wait in the outbox.

    Raises:
        Invalid: the address of the mail server is none.
    """
    return SmtpMailer(read_smtp_url(smtp_url), sender) if smtp_url else None


def open_mailbox(settings: Settings) -> ImapMailbox | None:
    """Make the reader of the mailbox, or None where none is set.

    Raises:
        Invalid: its address is none, or not safe.
        Refused: there is no password for it, or others can read the file that holds it.
        Unavailable: the file or the keyring with the password cannot be reached.
    """
    if not settings.imap_url:
        return None
    # Imported with an address alone: most terminals read no mailbox.
    from opsdesk.integrations.mail.mailbox import ImapMailbox, read_imap_url

    server, password = read_imap_url(settings.imap_url), settings.imap_password.read()
    if not password:
        raise Refused("OPSDESK_IMAP_URL names a mailbox, and OPSDESK_IMAP_PASSWORD is not set. Set it, or its _FILE.")
    return ImapMailbox(server, password)
