"""The shop's lists in files: shipped ones beside the program, the shop's own in its folder."""

from __future__ import annotations

from pathlib import Path

from opsdesk.domain.carriers import Carrier, read_carriers
from opsdesk.domain.errors import Invalid


def read_pair(name: str, data: Path, own: Path | None = None) -> tuple[str, str]:
    """Return the shipped text of a list and the shop's own, which is empty where there is none.

    Raises:
        Invalid: the shop's file cannot be read.
    """
    file = own / name if own is not None else None
    try:
        own_text = file.read_text("utf-8") if file is not None and file.is_file() else ""
    except (OSError, UnicodeDecodeError) as error:
        raise Invalid("file", f"{file} cannot be read. Correct or remove it.") from error
    return (data / name).read_text("utf-8"), own_text


def open_carriers(data: Path, own: Path | None = None) -> tuple[Carrier, ...]:
    """Read the carriers: the shipped ones, and the shop's own from `carriers.toml` in its folder.

    Raises:
        Invalid: an entry is not a carrier; the sentence names it.
    """
    return read_carriers(*read_pair("carriers.toml", data, own))
