"""The law: statements, selectors, ledger, policy and the gate. Pure: no disk, no clock."""
