"""exec: a command that only takes a folder gets one with licensed items only, for as long as it runs, and a receipt."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from provenance import exports
from provenance.admit import TrustedKeys
from provenance.dataset.receipt import SUFFIX
from provenance.dataset.store import Store
from provenance.handoff import for_training
from provenance.model.errors import UnlicensedError, UsageError
from provenance.model.words import Kind
from provenance.releasing.captions import Captioned, captioned
from provenance.rights.policy import Policy

DATA = "{data}"
FORM = "imagefolder"

# Where libraries put copies of what they load: they go with the folder.
_CACHES = ("HF_HOME", "HF_DATASETS_CACHE", "XDG_CACHE_HOME", "TORCH_HOME", "TMPDIR")


@dataclass(frozen=True)
class Ran:
    """How a command ended. code: its exit status; 128 + n when signal n ended it. items: it was given."""

    code: int
    items: int
    receipt: str
    captions: Captioned | None = None
    notices: tuple[str, ...] = ()


def execute(
    dataset: str | Path,
    policy: Policy | str | Path,
    command: Sequence[str],
    *,
    kind: Kind | str | None = None,
    receipt: str | Path | None = None,
    model: str | Path | None = None,
    captions: str | Path | None = None,
    ledger: str | Path | None = None,
    trusted_keys: TrustedKeys | None = None,
) -> Ran:
    """Run a command with `{data}` replaced by an image folder of the admitted items, and return how it ended.

    The folder, and a cache of its own, are removed when the command ends, however it ends. Every item in the folder
    counts as read. kind: `{data}` is then the folder of that kind, else one with a folder for each. receipt: signed
    before the command starts, and again when it has ended well, then of `model`, the file that it made; by default
    beside the model. captions: as for a release; each is `text` in metadata.jsonl. What the command copies elsewhere is
    beyond our reach. UsageError for a command without `{data}`; UnlicensedError when nothing is cleared; CommitError;
    errors as `admit`.
    """
    if not any(DATA in word for word in command):
        raise UsageError(f"the command does not say where the folder goes: write {DATA} where it takes it")
    if receipt is None and model is None:
        raise UsageError("say where the receipt goes", next_step="--receipt FILE, or --trained MODEL")
    place = receipt if receipt is not None else f"{model}{SUFFIX}"
    kinds = tuple(Kind) if kind is None else (Kind(kind),)
    notices: list[str] = []
    admission = for_training(
        dataset,
        policy,
        kinds=kinds,
        ledger=ledger,
        trusted_keys=trusted_keys,
        on_unlicensed="drop",
        notify=notices.append,
    )
    if not len(admission.admitted):
        raise UnlicensedError("nothing is cleared", where=str(dataset), next_step="provenance admit tells why")
    told: Captioned | None = None
    if captions is not None:
        admission, told = captioned(admission, captions)
    beside = told.as_json() if told is not None else None
    scratch = Path(tempfile.mkdtemp(prefix="provenance-exec-"))
    try:
        (scratch / "cache").mkdir()
        store = Store(scratch / "data")
        for each in kinds:
            if len(admission.material.places.of_kind(each)):
                exports.find(FORM).write(store, admission.dataset.id, each, admission.arrow_batches(each))
        shutil.rmtree(scratch / "data" / "tmp", ignore_errors=True)
        admission.write_receipt(place, captions=beside)
        folder = scratch / "data" / Kind(kind).value if kind is not None else scratch / "data"
        words = [word.replace(DATA, str(folder)) for word in command]
        caches = dict.fromkeys(_CACHES, str(scratch / "cache"))
        try:
            ended = subprocess.run(words, env={**os.environ, **caches}, check=False).returncode
        except OSError as error:
            raise UsageError(f"the command cannot be run: {error.strerror}", where=words[0]) from error
        code = 128 - ended if ended < 0 else ended
        if code == 0:
            admission.write_receipt(place, model=model, captions=beside)
        return Ran(code, len(admission.admitted), str(place), told, tuple(notices))
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
