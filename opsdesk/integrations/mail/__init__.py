"""Writing mails from templates and handing them to a mail server."""
