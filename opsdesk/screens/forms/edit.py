"""Correct where an order goes and how the customer is reached; what others saved meanwhile is merged, never lost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from enum import StrEnum

from opsdesk.operations.orders.contacts import edit_address, edit_contact
from opsdesk.screens.forms.base import OrderForm
from opsdesk.screens.frame.carrying import Banner
from opsdesk.screens.frame.merging import Meeting, meet
from opsdesk.screens.frame.panels import ChoicePanel
from opsdesk.screens.order.rules import why_not_order
from opsdesk.store.views.orders.detail import OrderDetail
from opsdesk.store.views.orders.parts import AddressDetail
from opsdesk.store.views.orders.timeline import TimelineLine
from opsdesk.widgets.choices import Choice
from opsdesk.widgets.fields import Field
from opsdesk.widgets.key_bar import BarKey


class Part(StrEnum):
    """What of an order is corrected."""

    SHIPPING = "shipping"
    CONTACT = "contact"
    BILLING = "billing"

    @property
    def heading(self) -> str:
        """The heading of its form."""
        return {"shipping": "SHIP TO", "contact": "CONTACT", "billing": "BILL TO"}[self.value]


@dataclass(frozen=True, slots=True)
class _Labelled:
    name: str
    label: str
    hint: str = ""


_CONTACT = (
    _Labelled("name", "customer"),
    _Labelled("email", "e-mail"),
    _Labelled("phone", "telephone", "with + and the country, e.g. +49 421 5550144"),
    _Labelled("language", "language", "two letters; the language of the mails"),
)
_ADDRESS = (
    _Labelled("name", "name"),
    _Labelled("company", "company"),
    _Labelled("line1", "street"),
    _Labelled("line2", "second line"),
    _Labelled("postcode", "post code"),
    _Labelled("city", "town"),
    _Labelled("region", "region"),
    _Labelled("country", "country", "two letters, or its name"),
    _Labelled("phone", "telephone"),
)


class EditPanel(OrderForm):
    """One part of the order: the shipping address first; F8 goes on to the contact and the billing address."""

    ACTION = "edit"
    DRAFT = "edit"

    def __init__(self, order_id: int, part: str = Part.SHIPPING) -> None:
        self.part = Part(part)
        labelled = _CONTACT if self.part is Part.CONTACT else _ADDRESS
        super().__init__(
            f"EDIT: {self.part.heading}", [Field(each.name, each.label, hint=each.hint) for each in labelled], order_id
        )
        self.labels = {each.name: each.label for each in labelled}
        self.meeting: Meeting | None = None

    @property
    def draft_name(self) -> str:
        """Name the draft of this part; each part keeps its own."""
        return f"edit.{self.part}"

    def values_of(self, detail: OrderDetail) -> Mapping[str, str]:
        """Return what stands in the order now."""
        if self.part is Part.CONTACT:
            head = detail.head
            return {
                "name": head.customer_name,
                "email": head.email,
                "phone": head.phone,
                "language": head.language,
            }
        is_billing = self.part is Part.BILLING
        address = (detail.billing_address if is_billing else detail.shipping_address) or AddressDetail()
        return {each.name: str(getattr(address, each.name)) for each in fields(AddressDetail)}

    def why_not(self, action: str, *parameters: object) -> str | None:
        """F4 has something to offer only where two people wrote into the same field."""
        if action == "choices":
            is_both = self.meeting is not None and bool(self.meeting.both)
            return None if is_both else "There is nothing to choose here. F8 goes to the next part."
        return super().why_not(action, *parameters)

    def commit_label(self) -> str | None:
        """Say what F9 does, and to how many fields."""
        count = len(self.typed)
        if self.meeting is not None:
            return f"SAVE {count or ''} ON TOP".replace("  ", " ")
        return f"SAVE {count} CHANGED" if count else "SAVE"

    def commit(self, values: Mapping[str, str]) -> None:
        """Save this part."""
        typed = {name: value.strip() for name, value in values.items()}
        if self.part is Part.CONTACT:
            self.carry_out(edit_contact, self.order_id, version=self.version, **typed)
        else:
            self.carry_out(edit_address, self.order_id, version=self.version, kind=self.part.value, **typed)

    def action_next(self) -> None:
        """Go on to the next part; what is typed here is kept."""
        parts = list(Part)
        following = parts[(parts.index(self.part) + 1) % len(parts)]
        if self.leaving():
            self.app.switch_screen(EditPanel(self.order_id, following))

    def panel_keys(self) -> Sequence[BarKey]:
        """Show how to get to the other parts."""
        parts = list(Part)
        following = parts[(parts.index(self.part) + 1) % len(parts)]
        keys = [*super().panel_keys(), BarKey("screen.next", "F8", following.heading.lower())]
        if self.meeting is not None and self.meeting.both:
            keys.insert(1, BarKey("screen.choices", "F4", "take theirs"))
        return keys

    # Somebody else saved first.

    def met_conflict(self, was: Mapping[str, str], news: Sequence[TimelineLine]) -> None:
        """Put what the other changed into fields that were not touched here, and show the rest side by side."""
        detail = self.detail
        if detail is None:
            return
        now = dict(self.values_of(detail))
        meeting = meet(was, now, self.form.values)
        self.begin_with(now)
        self.form.fill(meeting.merged)
        self.meeting = meeting
        if problem := why_not_order(self.ACTION, detail, self.desk.actor, self.desk.clock()):
            super().met_conflict(was, news)
            self.say_no(problem)
            return
        if not meeting.theirs:
            super().met_conflict(was, news)
            return
        who = " and ".join(dict.fromkeys(line.actor for line in news)) or "Somebody"
        lines = [f"{self.labels[name]}: {_quoted(was[name])} → {_quoted(now[name])}" for name in meeting.theirs]
        self.query_one(Banner).show(f"{who} saved first. Nothing of yours is lost:", tuple(lines))
        self._say_how(meeting, who, now)
        self.show_keys()

    def _say_how(self, meeting: Meeting, who: str, now: Mapping[str, str]) -> None:
        for name in reversed(meeting.both):
            self.form.show_error(name, f"{who} wrote: {_quoted(now[name])}")
        if meeting.both:
            self.say_no("You both changed the marked field. F9 keeps yours, F4 takes theirs.")
        else:
            self.say("You changed other fields. F9 saves yours beside theirs.")

    def action_choices(self) -> None:
        """Choose the other's text for a field that both changed."""
        meeting, detail = self.meeting, self.detail
        if meeting is None or detail is None or not meeting.both:
            return
        theirs, mine = dict(self.values_of(detail)), self.form.values
        entries = [
            Choice(name, f"{self.labels[name]}: {_quoted(theirs[name])}", f"yours: {_quoted(mine[name])}")
            for name in meeting.both
        ]

        def take(name: str | None) -> None:
            if name is not None:
                self.form.fill({name: theirs[name]})
                self.form.clear_errors()
                self.form.focus_field(name)
                self.say(f"Took theirs for {self.labels[name]}.", hint="F9 saves")

        if len(entries) == 1:
            take(entries[0].key)
        else:
            self.app.push_screen(ChoicePanel("TAKE THEIRS FOR", entries), callback=take)


def _quoted(text: str) -> str:
    return text or "(empty)"
