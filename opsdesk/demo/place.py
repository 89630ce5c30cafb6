"""Where the demo shop stands unless somebody names another place: beside the real shop, never instead of it."""

from __future__ import annotations

from pathlib import Path


def demo_file() -> Path:
    """Return the demo shop's file in the user's own data folder."""
    from platformdirs import user_data_path

    return user_data_path("opsdesk", appauthor=False) / "demo.db"


def demo_url() -> str:
    """Return the demo shop's store."""
    return f"sqlite:///{demo_file()}"


def stands_in(url: str) -> bool:
    """Say whether the demo shop is what somebody means who has no shop yet and names none.

    That is so when `url` is the default place of the shop, nothing is there, and a demo shop has been built.
    """
    demo = demo_file()
    shop = demo.with_name("shop.db")
    return url == f"sqlite:///{shop}" and demo.exists() and not shop.exists()
