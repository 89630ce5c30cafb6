"""Hold an order for a reason until somebody looks again, or release one of its holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from textual import on
from textual.app import ComposeResult

from opsdesk.domain.errors import Invalid
from opsdesk.domain.orders.holds import HoldType
from opsdesk.domain.orders.rules import why_not_hold
from opsdesk.domain.people.permissions import why_not_allowed
from opsdesk.domain.typed_moments import read_moment
from opsdesk.operations.orders.holds import RELEASE_FRAUD, hold, release
from opsdesk.screens.forms.base import OrderForm
from opsdesk.screens.forms.filling import point_at, show_field
from opsdesk.screens.order.words import moment
from opsdesk.store.views.orders.detail import OrderDetail
from opsdesk.store.views.orders.parts import HoldDetail
from opsdesk.widgets.choices import Choice, Choices
from opsdesk.widgets.fields import Field
from opsdesk.widgets.form import Form

BY_HAND = {
    HoldType.CUSTOMER_REQUEST: "The customer asked to wait.",
    HoldType.ADDRESS: "The address needs a look.",
    HoldType.STOCK: "Goods are missing.",
    HoldType.PAYMENT: "The payment needs a look.",
    HoldType.FRAUD: "The order looks unusual.",
    HoldType.UNVERIFIED_CONTACT: "The customer could not be reached.",
    HoldType.DUPLICATE: "It looks like another order.",
    HoldType.HIGH_VALUE: "It is worth more than usual.",
    HoldType.APPOINTMENT: "The day of delivery is open.",
    HoldType.MANUAL: "Set aside.",
    HoldType.PRICING: "A price looks wrong.",
    HoldType.EXPORT_COMPLIANCE: "The export has to be checked.",
}
"""What staff hold orders for, with the sentence that is offered; the others are placed by the program."""

_MORE = "more"


@dataclass(frozen=True, slots=True)
class _Picked:
    """What was picked from the list: hold for this, or release that."""

    kind: HoldType
    is_release: bool

    @property
    def key(self) -> str:
        return f"{'release' if self.is_release else 'hold'}:{self.kind.value}"

    @classmethod
    def of(cls, key: str) -> _Picked:
        verb, _, kind = key.partition(":")
        return cls(HoldType(kind), verb == "release")


class HoldPanel(OrderForm):
    """A digit picks what to hold for, or which hold to release; F9 does it."""

    ACTION = "hold"
    DRAFT = "hold"
    BODY_FOCUS = "Choices"

    def __init__(self, order_id: int) -> None:
        fields = [
            Field("reason", "reason", hint="what whoever releases it needs to know"),
            Field(
                "review_at",
                "look again",
                hint="2h, 15:00, tomorrow, mon 9:30 ... empty: when somebody does",
                longest=40,
            ),
        ]
        super().__init__("HOLD OR RELEASE", fields, order_id)
        self.form.add_class("form--below")
        self.list = Choices([])
        self.picked: _Picked | None = None
        self._shows_all = False

    def compose_form(self) -> ComposeResult:
        """Yield what can be picked, then the words for it."""
        yield self.list
        yield self.form

    def focus_body(self) -> None:
        """Begin with the list."""
        self.set_focus(self.list)

    def arrived(self, detail: OrderDetail) -> None:
        """List the holds that stand; where none does, what can be held for."""
        self.list.show(self._entries(detail))
        first = detail.active_holds[0] if detail.active_holds else None
        if first is not None and self._why_not_release(first) is None:
            self._pick(_Picked(first.type, is_release=True))
        else:
            self.say("A digit picks what to hold it for.", hint="F9 then does it")

    def commit_label(self) -> str | None:
        """Say what F9 does."""
        return "RELEASE IT" if self.picked is not None and self.picked.is_release else "HOLD IT"

    def commit(self, values: Mapping[str, str]) -> None:
        """Hold or release."""
        picked = self.picked
        if picked is None:
            self.say_no("Pick one first: press its digit.")
        elif picked.is_release:
            self.carry_out(
                release, self.order_id, version=self.version, kind=picked.kind, note=values["reason"].strip()
            )
        else:
            self._hold(picked.kind, values)

    def _hold(self, kind: HoldType, values: Mapping[str, str]) -> None:
        try:
            review_at = read_moment(values["review_at"], self.desk.clock(), self.desk.zone, field="review_at")
        except Invalid as error:
            self.show_refusal(error)
            return
        self.carry_out(
            hold, self.order_id, version=self.version, kind=kind, reason=values["reason"].strip(), review_at=review_at
        )

    def action_choices(self) -> None:
        """Go back to the list, with everything that can be held for."""
        self._show_all()
        self.set_focus(self.list)

    def taken_up(self, fields: Mapping[str, str]) -> None:
        """Take up what was picked too."""
        if key := fields.get("picked"):
            picked = _Picked.of(key)
            if not picked.is_release:
                self._show_all()
            self._pick(picked, fills=False)

    def _keep(self, values: Mapping[str, str]) -> None:
        super()._keep({**values, "picked": self.picked.key if self.picked else ""})

    @on(Choices.Chosen)
    def _chosen(self, event: Choices.Chosen) -> None:
        event.stop()
        if event.key == _MORE:
            self._show_all()
            return
        self._pick(_Picked.of(event.key))
        self._keep(self.form.draft)
        self.form.focus_field("reason")

    @on(Choices.Refused)
    def _refused(self, event: Choices.Refused) -> None:
        event.stop()
        self.say_no(event.reason)

    @on(Form.Edited)
    def _echo(self, event: Form.Edited) -> None:
        """Say which moment was understood."""
        try:
            found = read_moment(event.values["review_at"], self.desk.clock(), self.desk.zone)
        except Invalid:
            return
        if found is not None and self.picked is not None and not self.picked.is_release:
            self.say(f"Somebody looks again {moment(found, self.desk.clock(), self.desk.zone)}.")

    def _pick(self, picked: _Picked, *, fills: bool = True) -> None:
        self.picked = picked
        point_at(self.list, picked.key)
        offered = set(BY_HAND.values()) | {""}
        if fills and self.form.values["reason"] in offered:
            words = {"reason": "" if picked.is_release else BY_HAND.get(picked.kind, "")}
            self.begin_with(words)
            self.form.fill(words)
        show_field(self.form, "review_at", is_shown=not picked.is_release)
        verb = "Releases" if picked.is_release else "Holds"
        self.say(f"{verb}: {picked.kind.label}.", hint="F9 does it, F4 picks again")
        self.show_keys()

    def _show_all(self) -> None:
        self._shows_all = True
        if self.detail is not None:
            self.list.show(self._entries(self.detail))

    def _entries(self, detail: OrderDetail) -> list[Choice]:
        now, zone = self.desk.clock(), self.desk.zone
        standing = [
            Choice(
                _Picked(each.type, is_release=True).key,
                f"release: {each.type.label}",
                f"{each.reason} ({each.placed_by} {moment(each.placed_at, now, zone)})",
                self._why_not_release(each),
            )
            for each in detail.active_holds
        ]
        if standing and not self._shows_all:
            return [*standing, Choice(_MORE, "hold it for something else ...")]
        may = why_not_allowed(self.desk.actor, "order.hold")
        return standing + [
            Choice(
                _Picked(kind, is_release=False).key,
                f"hold: {kind.label}",
                offered,
                may or why_not_hold(detail.facts, kind),
            )
            for kind, offered in BY_HAND.items()
        ]

    def _why_not_release(self, held: HoldDetail) -> str | None:
        name = RELEASE_FRAUD if held.type is HoldType.FRAUD else "order.release"
        return why_not_allowed(self.desk.actor, name)
