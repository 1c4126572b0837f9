"""The errors of the house, by who must act.

    ProvenanceError
    ├── UsageError        2   the person at the keyboard: a wrong option or argument
    ├── InputError       10   whoever supplied the file: unreadable archive, bad register
    │   └── Quarantined  10   one asset cannot be used; it is set aside with a Cause and the run goes on
    ├── RightsError      20   the rights desk: not licensed, no current ledger
    │   ├── UnlicensedError   items that the policy does not clear
    │   └── StaleLedgerError  the ledger head is past its valid-until
    ├── TamperError      30   security: bytes are not what was signed. Never retried, never skipped
    │   ├── BadSignatureError
    │   ├── ChangedError      an object's bytes differ from its digest
    │   ├── MissingError      an object that a version names is not there
    │   ├── RollbackError     an older version or ledger than one already seen
    │   ├── ForeignError      an object of another dataset or ledger
    │   └── SchemaError       columns or types other than the format's
    ├── CommitError      40   the operator: disk full, conflict, outcome unknown
    │   ├── ConflictError     somebody else committed this number first
    │   └── UnknownOutcome    the commit may or may not have landed: look first, delete nothing
    └── SandboxError     50   the operator: no lock can be had on this machine

Every message says what, where, and the next step.
"""

from __future__ import annotations

from provenance.model.words import Cause


class ProvenanceError(Exception):
    """A refusal in one sentence: what, where, and the next step. Carries the exit code of who must act."""

    exit_code = 1

    def __init__(self, what: str, *, where: str | None = None, next_step: str | None = None) -> None:
        self.what, self.where, self.next_step = what, where, next_step
        super().__init__(what)

    def __str__(self) -> str:
        text = f"{self.where}: {self.what}" if self.where else self.what
        return f"{text}. Next: {self.next_step}" if self.next_step else text


class UsageError(ProvenanceError):
    exit_code = 2


class InputError(ProvenanceError):
    exit_code = 10


class Quarantined(InputError):
    """One asset is set aside, with its cause; never raised past the unit of work that read it."""

    def __init__(self, cause: Cause, what: str, *, where: str | None = None) -> None:
        super().__init__(what, where=where)
        self.cause = cause


class RightsError(ProvenanceError):
    exit_code = 20


class UnlicensedError(RightsError):
    pass


class StaleLedgerError(RightsError):
    pass


class TamperError(ProvenanceError):
    exit_code = 30


class BadSignatureError(TamperError):
    pass


class ChangedError(TamperError):
    pass


class MissingError(TamperError):
    pass


class RollbackError(TamperError):
    pass


class ForeignError(TamperError):
    pass


class SchemaError(TamperError):
    pass


class CommitError(ProvenanceError):
    exit_code = 40


class ConflictError(CommitError):
    pass


class UnknownOutcome(CommitError):
    pass


class SandboxError(ProvenanceError):
    exit_code = 50
