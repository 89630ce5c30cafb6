"""Where templates lie: the shipped folder, and the shop's own beside it, which comes first."""

from __future__ import annotations

import os
import re
import tempfile
import tomllib
from dataclasses import dataclass
from pathlib import Path

from opsdesk.domain.errors import Invalid, Unavailable
from opsdesk.integrations.ports import TemplateText

_TEMPLATE = re.compile(r"[a-z][a-z0-9_]{0,39}\Z")
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Z]{2})?\Z")
_SUFFIXES = {"subject": "subject", "text": "txt", "html": "html"}
_LONGEST_FILE = 256 * 1024
PARTS_FOLDER = "parts"


@dataclass(frozen=True, slots=True)
class FoundTemplate:
    """A template in the nearest language; `is_shipped` is True when it came with OpsDesk and nobody changed it."""

    language: str
    text: TemplateText
    is_shipped: bool


@dataclass(frozen=True, slots=True)
class TemplateShelf:
    """Reads templates from `data/templates` and from the shop's own folder, and writes into the latter."""

    shipped: Path
    own: Path | None = None
    shop_language: str = "en"

    def find(self, template: str, language: str) -> FoundTemplate:
        """Return the template in this language, else in its base language, the shop's language, or English.

        Raises:
            Invalid: no language of it exists.
        """
        _require_name(template)
        for candidate in dict.fromkeys((language, language.partition("-")[0], self.shop_language, "en")):
            if not _LANGUAGE.match(candidate):
                continue
            for folder, is_shipped in ((self.own, False), (self.shipped, True)):
                if folder is not None and (text := _read(folder / template, candidate)) is not None:
                    return FoundTemplate(candidate, text, is_shipped and not self._own_parts())
        raise Invalid(
            "template",
            f"There is no e-mail template {template!r} yet. Write one first.",
        )

    def exact(self, template: str, language: str) -> TemplateText | None:
        """Return the template in exactly this language, if there is one."""
        _require_name(template, language)
        for folder in (self.own, self.shipped):
            if folder is not None and (text := _read(folder / template, language)) is not None:
                return text
        return None

    def languages(self, template: str) -> tuple[str, ...]:
        """Return the languages in which the template exists."""
        _require_name(template)
        folders = [folder / template for folder in (self.shipped, self.own) if folder is not None]
        names = {file.stem for folder in folders for file in folder.glob("*.subject")}
        return tuple(sorted(name for name in names if _LANGUAGE.match(name)))

    def parts(self) -> dict[str, str]:
        """Return the pieces that templates share, by file name; the shop's own replace the shipped ones."""
        return _parts(self.shipped) | self._own_parts()

    def save(self, template: str, language: str, text: TemplateText) -> None:
        """Write the template into the shop's own folder, each file whole or not at all.

        Raises:
            Invalid: the name or the language could leave the folder.
            Unavailable: the folder cannot be written.
        """
        _require_name(template, language)
        if self.own is None:
            raise Unavailable("The shop has no folder for its own templates. Name one in the settings first.")
        folder = self.own / template
        try:
            folder.mkdir(parents=True, exist_ok=True)
            # The subject comes last: a template without one does not exist yet.
            for part in ("html", "text", "subject"):
                _replace(folder / f"{language}.{_SUFFIXES[part]}", str(getattr(text, part)))
        except OSError as error:
            raise Unavailable(f"The template could not be written: {error.strerror}. Nothing was saved.") from error

    def _own_parts(self) -> dict[str, str]:
        return _parts(self.own) if self.own is not None else {}


def read_forbidden_words(file: Path) -> dict[str, tuple[str, ...]]:
    """Read the words that no mail may hold, by language."""
    return {language: tuple(words) for language, words in tomllib.loads(file.read_text("utf-8")).items()}


def _require_name(template: str, language: str = "en") -> None:
    if not _TEMPLATE.match(template) or template == PARTS_FOLDER:
        raise Invalid(
            "template",
            f"{template[:40]!r} is not a template name; use small letters and underscores.",
        )
    if not _LANGUAGE.match(language):
        raise Invalid(
            "language",
            f"{language[:20]!r} is not a language; write it like en or de-AT.",
        )


def _read(folder: Path, language: str) -> TemplateText | None:
    files = {part: folder / f"{language}.{suffix}" for part, suffix in _SUFFIXES.items()}
    if not files["subject"].is_file():
        return None
    return TemplateText(**{part: _content(file) for part, file in files.items()})


def _content(file: Path) -> str:
    if not file.is_file():
        return ""
    try:
        if file.stat().st_size > _LONGEST_FILE:
            raise Invalid("template", f"{file.name} is longer than 256 kB.")
        return file.read_text("utf-8")
    except UnicodeDecodeError as error:
        raise Invalid("template", f"{file.name} is not UTF-8 text.") from error
    except OSError as error:
        raise Unavailable(f"{file.name} cannot be read: {error.strerror}.") from error


def _parts(folder: Path) -> dict[str, str]:
    return {file.name: _content(file) for file in sorted((folder / PARTS_FOLDER).glob("*.*")) if file.is_file()}


def _replace(file: Path, content: str) -> None:
    descriptor, name = tempfile.mkstemp(dir=file.parent, prefix=".saving-")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        Path(name).replace(file)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise
