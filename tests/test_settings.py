"""Settings come from the environment, then the file, and say what is wrong with them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from opsdesk.domain.errors import Invalid
from opsdesk.settings import Glyphs, data_folder, load_settings


def _file(folder: Path, text: str) -> dict[str, str]:
    path = folder / "settings.toml"
    path.write_text(text, encoding="utf-8")
    return {"OPSDESK_CONFIG": str(path)}


def test_nothing_set_is_a_shop_in_the_users_own_folder(tmp_path: Path) -> None:
    settings = load_settings({"OPSDESK_CONFIG": str(tmp_path / "absent.toml")})

    assert settings.store_url.startswith("sqlite:////")
    assert settings.store_url.endswith("opsdesk/shop.db")
    assert settings.smtp_url is None
    assert settings.zone.key == "UTC"
    assert settings.glyphs is Glyphs.UNICODE
    assert settings.template_folder == settings.state_folder / "templates"


def test_the_environment_goes_before_the_file(tmp_path: Path) -> None:
    environment = _file(tmp_path, 'zone = "Europe/Berlin"\nstore = "sqlite:///a.db"\nglyphs = "ascii"\n')
    environment["OPSDESK_STORE"] = "sqlite:///b.db"

    settings = load_settings(environment)

    assert settings.store_url == "sqlite:///b.db"
    assert settings.zone.key == "Europe/Berlin"
    assert settings.glyphs is Glyphs.ASCII


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ('zone = "Europe/Atlantis"', "zone"),
        ('zone = "../../etc/passwd"', "zone"),
        ('glyphs = "emoji"', "glyphs"),
        ('stroe = "sqlite:///a.db"', "stroe"),
        ("store = 5", "store"),
        ("store = ", "config"),
    ],
)
def test_a_wrong_setting_is_named(tmp_path: Path, text: str, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        load_settings(_file(tmp_path, text))

    assert refused.value.field == field


def test_shipped_files_are_found() -> None:
    assert (data_folder() / "statuses.toml").is_file()


def test_settings_load_no_heavy_library() -> None:
    heavy = (
        "import sys, opsdesk.settings; print(sorted({'textual', 'sqlmodel', 'pydantic', 'rich'} & set(sys.modules)))"
    )

    asked = subprocess.run([sys.executable, "-c", heavy], capture_output=True, text=True, check=True)

    assert asked.stdout.strip() == "[]"
