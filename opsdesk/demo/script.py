"""Which troubles a demo shop has, and how long ago each began."""

from __future__ import annotations

from typing import NamedTuple

from opsdesk.demo import gateway_troubles as gateway
from opsdesk.demo import goods_troubles as goods
from opsdesk.demo import hold_troubles as holds
from opsdesk.demo import money_troubles as money
from opsdesk.demo import refund_troubles as refunds
from opsdesk.demo import suspect_troubles as suspects
from opsdesk.demo.ordinary import Story
from opsdesk.demo.plan import DemoPlan
from opsdesk.demo.post import Fate
from opsdesk.demo.staff import ANNA, LENA, MIA, SOFIA
from opsdesk.domain.fraud.learning.labels import Word
from opsdesk.domain.orders.holds import HoldType
from opsdesk.domain.orders.rules import CancelReason


class Scene(NamedTuple):
    """One scripted order.

    Attributes:
        since: how many hours ago it came in.
        skus: what is bought; chance decides when empty.
        twins: so many of the same again, minutes later.
    """

    story: Story
    since: float
    skus: tuple[str, ...] = ()
    units: int = 0
    country: str = ""
    channel: str = "web"
    twins: int = 0


_MACHINE = ("50365",)
_FROZEN = ("70029", "70067")
_FROZEN_AND_DRY = ("70074", "40021", "40177")
_NOTES = {
    CancelReason.CUSTOMER: "Ordered by mistake.",
    CancelReason.FRAUD: "Three cards, one address, none of the holders knows of it.",
    CancelReason.UNVERIFIED: "Nobody could be reached in three tries.",
    CancelReason.DECLINED: "The bank said no, twice.",
    CancelReason.INVENTORY: "Will not come again this season.",
    CancelReason.DUPLICATE: "The same order came twice.",
    CancelReason.PRICING_ERROR: "Was shown for a tenth of its price.",
    CancelReason.UNDELIVERABLE: "Nobody delivers frozen goods to the island.",
    CancelReason.STAFF: "Entered twice by us.",
    CancelReason.EXPIRED: "Not paid for 14 days.",
    CancelReason.OTHER: "The customer has died; the family called.",
}

_MONEY = (
    Scene(money.not_paid, 0.4),
    Scene(money.not_paid, 3),
    Scene(money.waits_for_transfer, 27),
    Scene(money.waits_for_transfer, 76, country="CH"),
    Scene(money.pending, 5, country="NL"),
    Scene(money.unknown, 6),
    Scene(money.authorised, 1.2),
    Scene(money.authorised, 9, country="JP"),
    Scene(money.partly_paid, 52, country="PL"),
    Scene(money.overpaid, 47),
    Scene(money.partly_refunded, 150),
    Scene(money.refunded, 80),
    Scene(money.voided, 60),
    Scene(money.for_nothing, 2),
)
_GATEWAYS = (
    Scene(refunds.waits_for_approval, 131, ("50365",)),
    Scene(refunds.refused, 112, ("40177", "40021"), country="DE"),
    Scene(refunds.in_doubt, 106, ("40021", "40137"), country="NL"),
    Scene(refunds.over_two_payments, 126, ("50402",)),
    Scene(refunds.goodwill, 122, ("40106", "40177"), country="AT"),
    Scene(refunds.paid_twice_over, 86),
    Scene(gateway.disputed(5.5, is_sent=False), 142, ("50310",)),
    Scene(gateway.disputed(0.8, is_sent=True), 146, _MACHINE, country="GB"),
    Scene(gateway.lost, 158, country="US"),
    Scene(gateway.won, 162, country="FR"),
    Scene(gateway.expires_soon, 133),
    Scene(gateway.expires_soon, 137, country="AT"),
    Scene(gateway.authorised_in_part, 3.6),
    Scene(gateway.captured_in_part, 43, ("40021", "50310")),
    Scene(gateway.link_open, 4.4, channel="phone"),
    Scene(gateway.link_expired, 90, channel="phone"),
    Scene(gateway.link_paid, 6.6, channel="phone"),
    Scene(gateway.being_amended, 2.7, ("40021", "40177")),
    Scene(gateway.paid_with_credit, 64),
)
_HOLDS = (
    *(Scene(holds.held(kind), 4 + 3 * place, country="KR" if kind is HoldType.EXPORT_COMPLIANCE else "")
      for place, kind in enumerate(HoldType) if kind not in (HoldType.HIGH_VALUE, HoldType.APPOINTMENT)),
    Scene(holds.held(HoldType.HIGH_VALUE), 7, (*_MACHINE, "50372"), 2, channel="wholesale"),
    Scene(holds.held(HoldType.APPOINTMENT), 8, _FROZEN),
    Scene(holds.held_twice, 20),
    Scene(holds.was_held, 5),
    Scene(holds.set_aside, 25),
    Scene(holds.fraud_just_asked, 2.5, _MACHINE, country="FR"),
    Scene(holds.fraud_awaiting, 22, _MACHINE, country="GB"),
    Scene(holds.fraud_awaiting, 31, ("50365", "80017"), country="US"),
    Scene(holds.fraud_unreachable, 12, ("80031", "50372"), 2, country="IT"),
    Scene(holds.fraud_call_due, 125, _MACHINE, country="ES"),
    Scene(holds.fraud_call_due, 150, ("50365", "50402"), 2),
    Scene(holds.fraud_answered, 28, _MACHINE, country="SE"),
    Scene(holds.fraud_released, 30, _MACHINE, country="DK"),
    Scene(holds.fraud_cancelled, 55, _MACHINE, 3),
    Scene(holds.backordered, 50),
    Scene(holds.backordered, 74, country="AT"),
    Scene(holds.awaits_appointment, 10, _FROZEN),
    Scene(holds.awaits_appointment, 34, _FROZEN_AND_DRY, country="NL"),
)  # fmt: skip
_GOODS = (
    *(Scene(goods.ready, 0.05 + 0.35 * place) for place in range(9)),
    Scene(goods.ready, 1.6, channel="phone"),
    Scene(goods.ready, 2.2, country="JP"),
    Scene(goods.ready, 3.3, _FROZEN_AND_DRY),
    *(Scene(goods.late, 60 + 9 * place) for place in range(5)),
    *(Scene(goods.due_soon, 20 + 2 * place) for place in range(4)),
    *(Scene(goods.being_packed, 16 + 3 * place) for place in range(4)),
    Scene(goods.partly_shipped, 48, ("40021", "40177", "50310")),
    Scene(goods.partly_shipped, 72, ("60039", "40120"), country="AT"),
    Scene(goods.partly_delivered, 98, ("40021", "40137", "50389")),
    Scene(goods.recalled, 26),
    Scene(goods.told(Fate.REFUSED), 27, country="FR"),
    Scene(goods.told(Fate.REFUSED), 53),
    Scene(goods.told(Fate.IN_DOUBT), 29),
    Scene(goods.told(Fate.DELAYED), 24),
    Scene(goods.told(Fate.WAITING), 23),
    Scene(goods.confirmed, 130),
    Scene(goods.reopened, 46),
    Scene(goods.reopened_and_gone, 100),
    Scene(goods.owned(MIA), 9),
    Scene(goods.owned(ANNA), 14),
    Scene(goods.owned(SOFIA), 15),
    Scene(goods.owned(LENA), 17),
    Scene(goods.given, 21),
    Scene(goods.snoozed, 32),
    Scene(goods.snoozed, 44),
    Scene(goods.gift_card, 11, ("50433",)),
    Scene(goods.ready, 1.1, ("40021", "40177", "50310"), twins=1),
    Scene(goods.ready, 0.9, twins=2),
    Scene(goods.large, 13, tuple(f"{sku}" for sku in (40021, 40022, 40038, 40045, 40052, 40069, 40076, 40083, 40090,
          40106, 40113, 40120, 40137, 40144, 40151, 40168, 40175, 40177, 40182, 40199, 40205, 40212, 40229, 40236,
          40243, 50310, 50327, 50334, 50341, 50358)), 6, channel="wholesale"),
)  # fmt: skip
_GUTS = (
    (64, 2, True, Word.LEGIT), (71, 1, False, Word.LEGIT), (66, 2, True, Word.LEGIT), (88, 4, True, Word.FRAUD),
    (62, 2, False, Word.LEGIT), (69, 3, True, Word.WARNED), (65, 1, False, Word.LEGIT), (73, 3, True, None),
    (91, 5, True, Word.FRAUD), (63, 2, False, None), (68, 2, True, Word.LEGIT), (77, 4, True, Word.WARNED),
    (61, 1, False, Word.LEGIT), (70, 3, True, Word.LEGIT), (86, 4, True, Word.FRAUD), (67, 2, False, Word.LEGIT),
    (64, 3, True, None), (75, 4, True, Word.LEGIT), (62, 1, False, None), (72, 3, False, Word.LEGIT),
)  # fmt: skip
_DRAWN = (Word.LEGIT, None, Word.LEGIT, None, Word.LEGIT, Word.WARNED, None, Word.LEGIT, None, None, Word.LEGIT, None)
_SUSPECTS = (
    *(Scene(suspects.was_suspected(score, gut, worth=worth, word=word, who=SOFIA if place % 4 == 3 else LENA),
            240 + 31 * place, channel="") for place, (score, gut, worth, word) in enumerate(_GUTS)),
    *(Scene(suspects.was_sampled(26 + 3 * place % 30, word), 20 + 58 * place, channel="")
      for place, word in enumerate(_DRAWN)),
)  # fmt: skip
_CANCELLED = tuple(
    Scene(money.cancelled(reason, note), 62 + 8 * place) for place, (reason, note) in enumerate(_NOTES.items())
)
SCENES = tuple(sorted((*_MONEY, *_GATEWAYS, *_HOLDS, *_GOODS, *_SUSPECTS, *_CANCELLED), key=lambda scene: scene.since))


def scripted(plan: DemoPlan) -> dict[int, Scene]:
    """Return which order tells which scene: each one once, and again in a shop that is larger."""
    found: dict[int, Scene] = {}
    for again in range(max(1, round((plan.a_day / 22) ** 0.6))):
        for scene in SCENES:
            since = scene.since * (1 + 0.04 * again)
            index = plan.index_at(plan.end - int(since * 3_600))
            while any(place in found for place in range(index, index + 1 + scene.twins)):
                index -= 1
            for place in range(index, index + 1 + scene.twins):
                found[place] = scene if place == index else scene._replace(twins=-1)
    return found
