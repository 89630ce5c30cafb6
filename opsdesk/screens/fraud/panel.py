"""A form over a case: what somebody else did to the case meanwhile is said, and F9 then means the case as it is now."""

from __future__ import annotations

from dataclasses import replace
from pathlib import PurePath
from typing import TYPE_CHECKING, ClassVar

from opsdesk.screens.frame.panels import FormPanel
from opsdesk.screens.fraud.reading import sheet_of
from opsdesk.screens.fraud.seen import Seen
from opsdesk.store.views.fraud.case import fraud_case

if TYPE_CHECKING:
    from opsdesk.store.work import Done  # noqa: F401  the base class names it in quotes


class CasePanel(FormPanel["Done"]):
    """A form that changes the case it was opened over."""

    CSS_PATH: ClassVar[list[str | PurePath]] = ["../forms/forms.tcss", "fraud.tcss"]

    seen: Seen

    def after_conflict(self) -> None:
        """Look at the case as it is now; what was typed and ticked stays."""
        self.begin(self._look_again())

    async def _look_again(self) -> None:
        fraud, now, zone = self.desk.store.fraud, self.desk.clock(), self.desk.zone
        if fraud is None:
            return
        found = await self.fetch(fraud_case, self.seen.sheet.case_id, fraud=fraud, zone=zone, now=now)
        if found is not None and self.is_attached:
            self.seen = replace(self.seen, sheet=sheet_of(found, zone, now))
