"""The dataset card: README.md, by which `datasets.load_dataset(DATASET, "frames")` finds the newest version's shards.

It follows from a version and nothing else, so it is not signed: `provenance verify` compares it. It lists shards one by
one, because those of older versions lie in the same folders until gc. It names no people.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from provenance.dataset.schema import FORMAT_VERSION
from provenance.dataset.store import Store
from provenance.dataset.version import Version
from provenance.model import clock
from provenance.model.names import display
from provenance.model.words import Kind

FILE = "README.md"

_BODY = """
# Dataset {dataset}

Version {number}, signed {created}, of the archive {archive}. Built with `provenance` (format {format}).

| what | items | shards |
|---|---:|---:|
{table}

Merkle root of the objects: `{root}`

**Not everything here may be trained on.** The rights in each row are evidence, as recorded when it was built. What is
licensed today, for which use, is asked of the ledger:

    provenance admit DATASET --use ai_generative_training --purpose commercial --territory US

This page is made from the signed version and is not itself signed. `provenance verify DATASET` checks it and everything
else. To look at the rows:

    datasets.load_dataset("DATASET", "{example}")
"""


_RELEASE = """
# Release {dataset}

Version {number}, signed {created}: a copy of the items of the archive {archive} that the rights ledger cleared for one
policy. Made with `provenance` (format {format}) from dataset `{source}`, version {source_version}.

| what | items | shards |
|---|---:|---:|
{table}

| | |
|---|---|
| cleared for | {use}, {purpose} purposes, in {territories} |
| cleared on | {decided}, under entry {entry} of the rights ledger |
| good until | {until} |
| policy | SHA-256 `{policy}` |

{captions}

Merkle root of the objects: `{root}`

What was cleared then may be revoked since. Ask the current ledger before you train:

    provenance.admit("RELEASE", policy, ledger="FOLDER WITH THE LEDGER")

Credits that must be given stand in ATTRIBUTION.md. This page is made from the signed version and is not itself signed;
`provenance verify RELEASE` checks it and everything else. To look at the rows:

    datasets.load_dataset("RELEASE", "{example}")
"""


def card(version: Version) -> bytes:
    """Return the card of a version, UTF-8. That of a release says what it was cleared for, and until when."""
    kinds = {kind: [shard for shard in version.content.shards if shard.kind is kind] for kind in Kind}
    kinds = {kind: shards for kind, shards in kinds.items() if shards}
    lines = front_matter({kind.value: [shard.path for shard in shards] for kind, shards in kinds.items()})
    table = [f"| {kind.value} | {sum(s.rows for s in shards)} | {len(shards)} |" for kind, shards in kinds.items()]
    release = version.content.options.get("release")
    body = (_BODY if release is None else _RELEASE).format(
        **(release_words(release) if release is not None else {}),
        dataset=_quoted(version.dataset),
        number=version.number,
        created=clock.stamp(version.created),
        archive=_quoted(version.content.archive),
        format=FORMAT_VERSION,
        table="\n".join(table) or "| nothing | 0 | 0 |",
        root=version.content.root,
        example=next(iter(kinds), Kind.FRAMES).value,
    )
    return ("\n".join(lines) + "\n" + body).encode()


def front_matter(configs: Mapping[str, Sequence[str]], about: Sequence[str] = ()) -> list[str]:
    """Return the lines of a card's front matter. configs: the shards of each by name; about: more lines of YAML."""
    lines = ["---", "license: other", "license_name: see-the-ledger", *about, "tags:", "- provenance", "configs:"]
    if not configs:
        lines[-1] = "configs: []"
    for name, paths in configs.items():
        lines += [f"- config_name: {name}", "  data_files:", "  - split: train", "    path:"]
        lines += [f"    - {path}" for path in paths]
    return [*lines, "---"]


def release_words(release: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a release says of its decision, in the words of a card."""
    policy = release["policy"]
    return {
        "source": release["dataset"],
        "source_version": release["version"],
        "use": policy["use"],
        "purpose": policy["purpose"],
        "territories": ", ".join(sorted(policy["territories"])),
        "decided": release["decided"],
        "entry": release["ledger"]["number"],
        "until": release["valid_until"] or "something changes in the ledger",
        "policy": release["policy_digest"],
        "captions": _captions(release.get("captions")),
    }


def _captions(told: Mapping[str, Any] | None) -> str:
    if told is None:
        return "Captions: none."
    with_one = ", ".join(f"{count} {kind}" for kind, count in sorted(told["captioned"].items())) or "nothing"
    return f"Captions, in `text`: on {with_one}, from {_quoted(told['source'])} (SHA-256 `{told['sha256']}`)."


def write(store: Store, version: Version) -> None:
    """Put the card of a version in the place of any other. CommitError."""
    store.replace(FILE, card(version))


def _quoted(text: str) -> str:
    """Return any text as one span of code: an archive's name is not ours and must not become markup."""
    return "`" + display(text.encode("utf-8", "surrogatepass")).replace("`", "'") + "`"
