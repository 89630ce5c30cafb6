"""The outbox, the templates, and what mails that come in mean."""
