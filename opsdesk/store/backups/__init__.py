"""Backups: made while everybody works, called good only after they were restored and checked."""
