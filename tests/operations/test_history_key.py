"""A machine without the key of a store's history writes nothing to it; a second key would break the whole history."""

from __future__ import annotations

from pathlib import Path

import pytest

from opsdesk.domain.errors import Refused
from opsdesk.operations.orders.notes import note
from opsdesk.store.audit.checking import verify_audit
from opsdesk.store.audit.keys import audit_key
from opsdesk.store.engine import Store
from opsdesk.store.work import Performer
from tests.conftest import StillClock
from tests.operations.orders_kit import person
from tests.shop_orders import write_order


@pytest.mark.parametrize(
    ("has_its_own", "said"), [(False, "There is no audit.key"), (True, "sealed with another audit.key")]
)
def test_a_machine_that_lacks_the_key_writes_nothing(
    store: Store, clock: StillClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, has_its_own: bool, said: str
) -> None:
    order_id = write_order(store)
    mia = Performer(store, person(store, "mia"), clock)
    mia.perform(note, order_id, text="Rings twice.")
    before = verify_audit(store)
    with monkeypatch.context() as elsewhere:
        elsewhere.setenv("OPSDESK_STATE", str(tmp_path / "elsewhere"))
        if has_its_own:
            audit_key()
        with pytest.raises(Refused, match=said):
            mia.perform(note, order_id, text="Never rings.")
    mia.perform(note, order_id, text="Rings three times.")
    after = verify_audit(store)
    assert after.problem_count == 0 and after.rows == before.rows + 1
