"""One locked child per unit of work: no network, no writes, no new processes, capped memory and time."""
