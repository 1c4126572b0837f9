"""One locked child per unit of work: no network, no writes, no new processes, capped memory and time."""

from provenance.sandbox.box import Child, Sandbox
from provenance.sandbox.limits import Limits

__all__ = ["Child", "Limits", "Sandbox"]
