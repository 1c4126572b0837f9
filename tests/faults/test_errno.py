"""Every file operation of a commit fails once or for ever, before or after it took effect, with every errno we know.

Whatever the error: what is visible is whole, the message names the folder, no descriptor is used after its fsync
failed, and once the disk is well the same command ends with the bytes of an undisturbed run.
"""

from __future__ import annotations

import errno
import os

import pytest
from forgetful import ForgetfulDisk
from small_build import build, first_version, head, outside_temps

from provenance.model.errors import CommitError, InputError, UnknownOutcome

FIRST = first_version()
KINDS = [errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.ESTALE, errno.EINTR, errno.EROFS]


def undisturbed() -> ForgetfulDisk:
    disk = ForgetfulDisk.holding(FIRST)
    build(disk)
    return disk


WHOLE = undisturbed().tree()


def calls() -> list[str]:
    """The operations of an undisturbed run, in order, also those that only look."""
    disk, found = ForgetfulDisk.holding(FIRST), list[str]()
    disk.hook = lambda name, args, when: found.append(name) if when == "before" else None
    build(disk)
    return found


CALLS = calls()


class Failing:
    """Fails the step-th operation of a disk, and all that follow when it is for ever."""

    def __init__(self, disk: ForgetfulDisk, step: int, kind: int, when: str, for_ever: bool) -> None:
        self.step, self.kind, self.when, self.for_ever = step, kind, when, for_ever
        self.count = -1
        self.failed: list[str] = []
        self.broken: set[object] = set()
        disk.hook = self

    def __call__(self, name: str, args: tuple[object, ...], when: str) -> None:
        if when == "before":
            self.count += 1
            if name in ("write", "fsync"):
                assert args[0] not in self.broken, "a descriptor was used after its fsync failed"
        if when == self.when and (self.count == self.step or (self.for_ever and self.count > self.step)):
            self.failed.append(name)
            if name == "fsync":
                self.broken.add(args[0])
            raise OSError(self.kind, os.strerror(self.kind))


@pytest.mark.parametrize("for_ever", [False, True], ids=["once", "for ever"])
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("step", range(len(CALLS)), ids=[f"{at}-{name}" for at, name in enumerate(CALLS)])
def test_a_failing_disk_is_told_plainly_and_mended_by_the_rerun(step: int, when: str, for_ever: bool) -> None:
    for kind in KINDS:
        fail_and_mend(step, kind, when, for_ever)


def fail_and_mend(step: int, kind: int, when: str, for_ever: bool) -> None:
    disk = ForgetfulDisk.holding(FIRST)
    failing = Failing(disk, step, kind, when, for_ever)
    told: CommitError | InputError | None = None
    try:
        build(disk)
    except (CommitError, InputError) as error:
        told = error
    if not failing.failed:
        # A look for what is not there, or the making of what is: it fails by itself and has no "after".
        assert when == "after" and CALLS[step] in ("open", "mkdir", "unlink")
        return

    tree = outside_temps(disk.tree())
    if told is None:
        # Only where the outcome can be seen, or does not matter, is an error passed over.
        assert failing.failed[0] in ("unlink", "close", "link"), failing.failed
        assert head(tree) == 2
    else:
        assert disk.where in str(told) and os.strerror(kind).lower() in str(told)
        assert told.next_step
        if not isinstance(told, UnknownOutcome):
            assert head(tree) == 1, "told as not committed, and it is there"

    disk.hook = lambda name, args, when: None
    disk.killed()
    build(disk)
    assert disk.tree() == WHOLE
    assert head(disk.power_cut()) == 2


def test_an_error_after_the_link_means_that_the_outcome_is_unknown() -> None:
    disk = ForgetfulDisk.holding(FIRST)
    failing = Failing(disk, CALLS.index("link") + 1, errno.EIO, "before", for_ever=True)
    with pytest.raises(UnknownOutcome, match="delete nothing"):
        build(disk)
    assert failing.failed[-1] == "fsync_folder"


def test_a_link_that_landed_but_was_reported_failed_counts_as_done_once() -> None:
    disk = ForgetfulDisk.holding(FIRST)
    Failing(disk, CALLS.index("link"), errno.EIO, "after", for_ever=False)
    build(disk)
    assert head(disk.power_cut()) == 2


def test_a_full_disk_is_told_with_its_folder_and_what_to_do() -> None:
    disk = ForgetfulDisk.holding(FIRST)
    Failing(disk, CALLS.index("write"), errno.ENOSPC, "before", for_ever=True)
    with pytest.raises(CommitError) as told:
        build(disk)
    assert str(told.value) == (
        "/forgetful/data/frames: no space left on device while writing a new file. "
        "Next: free space on that disk and run again; nothing half-written is visible"
    )
