"""Mails to customers and from them."""
