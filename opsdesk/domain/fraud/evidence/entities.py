"""What orders can have in common, each in the one spelling under which it is looked up."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Address, ip_address, ip_network

from opsdesk.domain.fraud.evidence.addresses import Place, address_key
from opsdesk.domain.fraud.evidence.traits import split_email
from opsdesk.domain.searching import digits, folded

_DOTLESS = frozenset({"gmail.com", "googlemail.com"})
_TAGGED = _DOTLESS | {
    "outlook.com", "hotmail.com", "live.com", "icloud.com", "me.com", "fastmail.com", "proton.me", "protonmail.com",
}  # fmt: skip
"""Providers where everything after a plus still reaches the same person."""


class Entity(StrEnum):
    """Something that two orders can share."""

    EMAIL = "email"
    PHONE = "phone"
    CARD = "card"
    ADDRESS = "address"
    BILLING = "billing"
    IP = "ip"
    NETWORK = "network"
    DEVICE = "device"
    CUSTOMER = "customer"
    NAME = "name"

    @property
    def word(self) -> str:
        """What staff read."""
        return _WORDS[self]


_WORDS = {
    Entity.EMAIL: "e-mail",
    Entity.PHONE: "phone",
    Entity.CARD: "card",
    Entity.ADDRESS: "shipping address",
    Entity.BILLING: "billing address",
    Entity.IP: "IP address",
    Entity.NETWORK: "network",
    Entity.DEVICE: "device",
    Entity.CUSTOMER: "customer",
    Entity.NAME: "name",
}


@dataclass(frozen=True, slots=True)
class Key:
    """One entity of one order."""

    entity: Entity
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What an order says of who placed it. The phone is in international form, `+` and digits."""

    email: str = ""
    phone: str = ""
    card: str = ""
    shipping: Place | None = None
    billing: Place | None = None
    ip: str = ""
    device: str = ""
    customer: str = ""
    name: str = ""


def email_key(address: str) -> str:
    """Return the mailbox behind an address: no tags, and at Gmail no dots either."""
    local, domain = split_email(address)
    if domain in _TAGGED:
        local = local.partition("+")[0] or local
    if domain in _DOTLESS:
        local, domain = local.replace(".", "") or local, "gmail.com"
    return f"{local}@{domain}" if domain else ""


def ip_keys(address: str) -> tuple[str, str]:
    """Return the address and its network, both empty where it is no address.

    Of IPv6 a household has a whole /64, so that stands for the address, and the /48 for the network.
    """
    try:
        found = ip_address(address.strip())
    except ValueError:
        return "", ""
    if isinstance(found, IPv4Address):
        return str(found), str(ip_network(f"{found}/24", strict=False))
    if found.ipv4_mapped is not None:
        return ip_keys(str(found.ipv4_mapped))
    return str(ip_network(f"{found}/64", strict=False)), str(ip_network(f"{found}/48", strict=False))


def keys_of(identity: Identity) -> tuple[Key, ...]:
    """Return everything that other orders are looked up by; what is not known is left out."""
    ip, network = ip_keys(identity.ip)
    values = {
        Entity.EMAIL: email_key(identity.email),
        Entity.PHONE: digits(identity.phone),
        Entity.CARD: identity.card,
        Entity.ADDRESS: address_key(identity.shipping) if identity.shipping else "",
        Entity.BILLING: address_key(identity.billing) if identity.billing else "",
        Entity.IP: ip,
        Entity.NETWORK: network,
        Entity.DEVICE: identity.device,
        Entity.CUSTOMER: identity.customer,
        Entity.NAME: folded(identity.name),
    }
    return tuple(Key(entity, value) for entity, value in values.items() if value)
