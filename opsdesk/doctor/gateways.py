"""Payment gateways and the secrets that they are reached with."""

from __future__ import annotations

from collections.abc import Iterator

from opsdesk.doctor.findings import Finding, mend, watch, well
from opsdesk.domain.errors import OpsDeskError, Refused
from opsdesk.integrations.payments.opening import open_gateways
from opsdesk.secrets import require_private
from opsdesk.settings import Settings


def secrets(settings: Settings) -> Iterator[Finding]:
    """Look who can read the files that hold secrets."""
    open_to_others = False
    for path in settings.secret_files:
        try:
            require_private(path, path.stat(), anybodys=True)
        except FileNotFoundError:
            open_to_others = True
            yield mend("secrets", f"There is no {path}, which should hold a secret.", "Put it there, or unset it.")
        except PermissionError:
            # Somebody else's folder: what cannot even be reached is private enough.
            continue
        except Refused as refused:
            open_to_others = True
            yield mend("secrets", refused.message, f"chmod 600 {path}, and change the secret where it was given out.")
    if settings.secret_files and not open_to_others:
        yield well("secrets", "Files with secrets can be read by their owner alone.")


def gateways(settings: Settings) -> Iterator[Finding]:
    """Ask each gateway whether it takes the shop's key."""
    try:
        opened = open_gateways(settings)
    except OpsDeskError as error:
        yield mend("gateway", error.message, "Put this right; until then money moves at the gateway's own desk alone.")
        return
    if not opened:
        yield well("gateway", "No payment gateway is set; money is captured and refunded where it came in.")
    for name, gateway in opened.items():
        try:
            problem = gateway.check()
        finally:
            gateway.close()
        if problem is not None:
            yield mend("gateway", f"{name}: {problem}", "Look at the key, its rights and the line to the gateway.")
        elif settings.stripe_url:
            sentence = f"{name} is reached at another address than its own ({settings.stripe_url})."
            yield watch("gateway", sentence, "Unset OPSDESK_STRIPE_URL unless this is a trial.")
        else:
            yield well("gateway", f"{name} takes the shop's key.")
