"""Which network an address belongs to: what changes when somebody moves, and not with every packet."""

from __future__ import annotations

import ipaddress

V4_BITS, V6_BITS = 24, 48


def network_of(address: str | None) -> str:
    """The /24 of an IPv4, the /48 of an IPv6; ``unknown`` for what is neither."""
    try:
        found = ipaddress.ip_address(address or "")
    except ValueError:
        return "unknown"
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    bits = V4_BITS if found.version == 4 else V6_BITS
    return str(ipaddress.ip_network((found, bits), strict=False))
