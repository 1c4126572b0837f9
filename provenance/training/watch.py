"""Whether an admission still holds: by the clock before every read, by the ledger when an epoch begins."""

from __future__ import annotations

import datetime as dt
import os
import time
from collections.abc import Callable
from typing import Any

from provenance.model import clock
from provenance.model.errors import StaleLedgerError


class Watch:
    """Keeps the end of an admission. again: asks the gate anew and returns the new end, or raises; None: nobody asks.

    A clock set back during the run does not help: time passes at least as fast as the machine's monotonic clock.
    """

    def __init__(
        self,
        decided: dt.datetime,
        until: dt.datetime | None,
        again: Callable[[bool], dt.datetime | None] | None = None,
    ) -> None:
        self._decided, self._ticks, self._again = decided, time.monotonic(), again
        self._until, self._process = until, os.getpid()
        # Seconds, compared before every read.
        self._end = until.timestamp() if until is not None else float("inf")

    def require_time(self) -> None:
        """Return while the admission has not ended. StaleLedgerError."""
        if self._seconds() > self._end:
            assert self._until is not None
            raise StaleLedgerError(
                f"the admission ended at {clock.stamp(self._until)}",
                next_step="renew the ledger where that is what ended, and begin the next epoch or call refresh()",
            )

    def require_law(self) -> None:
        """Return when nothing that was admitted is refused today: at the end of the admission, or when the ledger has
        grown, the gate is asked again. UnlicensedError names what is refused; StaleLedgerError past the ledger's end.
        """
        # A worker, forked or spawned, keeps time; asking the gate stays with the process that was admitted.
        if self._again is not None and self._process == os.getpid():
            self._until = self._again(self._seconds() > self._end)
            self._end = self._until.timestamp() if self._until is not None else float("inf")
        self.require_time()

    def _seconds(self) -> float:
        elapsed = time.monotonic() - self._ticks
        return max(clock.now().timestamp(), self._decided.timestamp() + elapsed)

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_again": None}
