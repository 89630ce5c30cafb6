"""An order that is sent elsewhere after it was placed: what does not follow by itself, a sentence each."""

from __future__ import annotations

from opsdesk.domain.amendments.planning import AmendedOrder
from opsdesk.domain.orders.states import OrderFacts


def elsewhere_words(amended: AmendedOrder, facts: OrderFacts) -> tuple[str, ...]:
    """Say what somebody has to look at when the parcel goes to another address; nothing where it does not."""
    before, after = amended.before, amended.after
    if before.address == after.address:
        return ()
    said = []
    if facts.shipped_units:
        units = "1 unit has" if facts.shipped_units == 1 else f"{facts.shipped_units} units have"
        said.append(f"{units} left for the old address already: ask the carrier to send the parcel elsewhere.")
    if facts.packing_since is not None:
        said.append("A label that was printed already shows the old address: throw it away and print a new one.")
    old, new = before.address.get("country", ""), after.address.get("country", "")
    if old != new:
        tax, shipping = after.money(after.tax), after.money(after.shipping)
        said.append(
            f"It goes to {new or 'no country'} instead of {old or 'no country'}. Tax ({tax}) and shipping ({shipping}) "
            "stay as the order has them: look whether they are right there."
        )
    if facts.holds:
        labels = ", ".join(dict.fromkeys(hold.type.label for hold in facts.holds))
        said.append(f"It stays on hold ({labels}) until somebody releases it (h).")
    return tuple(said)
