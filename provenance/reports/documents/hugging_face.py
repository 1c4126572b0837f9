"""A Hugging Face dataset card: README.md whose front matter names licences, sizes and the shards of each config.

The front matter is that of the card in the dataset's own folder, with what a public page needs besides; the archive is
not named.
"""

from __future__ import annotations

from provenance.model import clock
from provenance.reports.subject import NOT_STATED, Counts, Subject, is_private, license_ref

NAME = "hugging-face-card"
SUFFIX = ".README.md"
WITHOUT = (
    "The hub knows one licence for a dataset: here each item has its own, so that it says `other`.",
    "A config is a set of files, and cleared items lie beside others in the same files: loading one loads both.",
    "Signatures and verdicts are not read by the hub; the numbers hold for the day and the policy that are named.",
)

# The hub's own bands: the number of rows that each ends below.
_SIZES = (
    (10**3, "n<1K"),
    (10**4, "1K<n<10K"),
    (10**5, "10K<n<100K"),
    (10**6, "100K<n<1M"),
    (10**7, "1M<n<10M"),
    (10**8, "10M<n<100M"),
    (10**9, "100M<n<1B"),
    (10**10, "1B<n<10B"),
    (10**11, "10B<n<100B"),
    (10**12, "100B<n<1T"),
)
_MODALITIES = {"frames": "image", "art": "image", "scripts": "text"}
_NOTHING = Counts(0, 0.0, 0)


def write(subject: Subject) -> bytes:
    """Return the card in Markdown, UTF-8."""
    from provenance.dataset import card  # the format of the dataset comes with Arrow, which `--help` does not need

    rows = [
        f"| {kind} | {counts.items} | {subject.cleared.get(kind, _NOTHING).items} | {counts.bytes} | "
        f"{counts.hours:.2f} |"
        for kind, counts in subject.all.items()
    ]
    shards: dict[str, list[str]] = {}
    for each in subject.objects:
        if each.columns:
            shards.setdefault(each.holds, []).append(each.path)
    size = next((name for most, name in _SIZES if subject.total_items < most), "n>1T")
    kinds = [kind for kind, counts in subject.all.items() if counts.items]
    about = [
        f"pretty_name: {subject.name}",
        "size_categories:",
        f"- {size}",
        *(["modalities:"] if kinds else []),
        *(f"- {name}" for name in sorted({_MODALITIES[kind] for kind in kinds})),
    ]
    licences = [
        f"| {license_ref(name)}{' (not public)' if is_private(name) else ''} | {count} |"
        for name, count in subject.licences.items()
    ]
    until = NOT_STATED if subject.valid_until is None else clock.stamp(subject.valid_until)
    whole = subject.cleared_items == subject.total_items
    warning = "Ask the ledger before you train." if whole else "Not everything here may be trained on."
    body = [
        f"# {subject.name}",
        "",
        f"Version {subject.version}, signed {clock.stamp(subject.created)}, Merkle root `{subject.root}`.",
        *(["", subject.made_from] if subject.made_from is not None else []),
        "",
        f"**{warning}** {subject.judged}",
        "",
        "| what | items | cleared | bytes | hours |",
        "|---|---:|---:|---:|---:|",
        *rows,
        "",
        "## Licensing of the cleared items",
        "",
        "| licence | items |",
        "|---|---:|",
        *licences,
        f"| none recorded | {subject.unlicensed} |",
        "",
        f"Good until {until}. Conditions that travel with them: "
        + (", ".join(f"{name} ({count} items)" for name, count in subject.conditions.items()) or "none")
        + ".",
        "",
        "## Source data",
        "",
        "Extracted from files of one archive; nothing was fetched from elsewhere. "
        f"{subject.quarantined} assets could not be read and were set aside.",
        "",
        f"- Curated by: {NOT_STATED}",
        f"- Languages: {NOT_STATED}",
        f"- Personal and sensitive information: {subject.people}",
        f"- Biases, risks and limitations: {NOT_STATED}",
        "",
        "## What this card cannot say",
        "",
        *(f"- {each}" for each in WITHOUT),
    ]
    return ("\n".join([*card.front_matter(shards, about), *body]) + "\n").encode()
