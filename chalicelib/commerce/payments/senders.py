"""Where webhooks may come from: beside their signature, the gateway's own addresses, where configured (PAY-126)."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping

from chalicelib.platform import settings

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def _networks(raw: str) -> Mapping[str, tuple[Network, ...]]:
    found: dict[str, tuple[Network, ...]] = {}
    for word in filter(None, (word.strip() for word in raw.split(","))):
        name, separator, network = word.partition("=")
        if not separator or not name.isupper():
            raise ValueError(word)
        found[name] = (*found.get(name, ()), ipaddress.ip_network(network))
    return found


PAYMENT_WEBHOOK_NETWORKS = settings.parsed(
    "PAYMENT_WEBHOOK_NETWORKS",
    default="",
    parse=_networks,
    rule="<GATEWAY>=<address or network>, separated by commas",
)


def allowed(gateway: str, source_ip: str) -> bool:
    """Whether a webhook of this gateway may come from there; everywhere, for a gateway whose addresses are not listed.

    ``source_ip`` is the one that limits count too: the connection's, or the one that a trusted edge passes on.
    """
    networks = PAYMENT_WEBHOOK_NETWORKS().get(gateway)
    if networks is None:
        return True
    try:
        address = ipaddress.ip_address(source_ip)
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address):
        address = address.ipv4_mapped or address
    return any(address in network for network in networks)
