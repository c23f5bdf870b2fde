"""How much may be asked in a time: a bucket of tokens for each who asks."""

from __future__ import annotations

import ipaddress
import math
import time
from collections import OrderedDict
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

_MOST = 10_000


class _Bucket(NamedTuple):
    tokens: float
    at: float


class Rate:
    """Buckets that fill at `rate` tokens a second, up to `burst`; a request takes one.

    Parameters
    ----------
    rate : float
        Requests a second; 0 for no limit.
    burst : int
        Requests at once.
    clock : callable, optional
        Seconds that only grow.
    """

    def __init__(
        self, rate: float, burst: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.rate, self.burst, self._clock = rate, burst, clock
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def wait(self, who: str) -> int:
        """Take a token; return 0, or the seconds until there is one."""
        if not self.rate:
            return 0
        now = self._clock()
        held = self._buckets.pop(who, _Bucket(self.burst, now))
        tokens = min(self.burst, held.tokens + (now - held.at) * self.rate)
        enough = tokens >= 1
        self._buckets[who] = _Bucket(tokens - enough, now)
        if len(self._buckets) > _MOST:
            self._buckets.popitem(last=False)  # who has not asked for longest
        return 0 if enough else math.ceil((1 - tokens) / self.rate)


def of_address(address: str) -> str:
    """Return what counts as one address: of IPv6, the net of 64 bits that one subscriber has."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if found.version == 4:
        return address
    return str(ipaddress.ip_network((found, 64), strict=False))
