"""The index of a folder of documents: which file is what, its SHA-256, and what its form cannot say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from provenance.model.words import sha256_hex
from provenance.reports.subject import Subject, json_bytes

JSON, MARKDOWN = "index.json", "index.md"


@dataclass(frozen=True, slots=True)
class Told:
    """A document as it was written. private: it names what strangers must not see."""

    name: str
    file: str
    data: bytes
    without: tuple[str, ...]
    private: bool = False


def index(subject: Subject, documents: Sequence[Told]) -> Mapping[str, bytes]:
    """Return the index for machines and for people, by file name."""
    told = {
        "subject": subject.iri,
        "root": subject.root,
        "on": subject.on.isoformat(),
        "policy": subject.policy_digest,
        "documents": [
            {
                "name": each.name,
                "file": each.file,
                "sha256": sha256_hex(each.data),
                "bytes": len(each.data),
                "private": each.private,
                "cannot_say": list(each.without),
            }
            for each in documents
        ],
    }
    lines = [
        f"# Documents of {subject.name}, version {subject.version}",
        "",
        f"Merkle root `{subject.root}`. {subject.judged}",
        "",
        "| document | file | SHA-256 |",
        "|---|---|---|",
        *(
            f"| {each.name}{' (private)' if each.private else ''} | [{each.file}]({each.file}) | "
            f"`{sha256_hex(each.data)}` |"
            for each in documents
        ),
    ]
    for each in documents:
        lines += ["", f"## What {each.name} cannot say", "", *(f"- {sentence}" for sentence in each.without)]
    return {JSON: json_bytes(told), MARKDOWN: ("\n".join(lines) + "\n").encode()}
