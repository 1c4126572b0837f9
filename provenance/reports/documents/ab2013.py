"""The statement of training data that California asks for: Civil Code section 3111 (AB 2013), (a)(1) to (12)."""

from __future__ import annotations

from provenance.reports.subject import NOT_STATED, Subject

NAME = "ca-ab-2013"
SUFFIX = ".ca-ab-2013.md"
WITHOUT = (
    "It speaks of one dataset; a system trained on several needs all of them told together.",
    "Trademarks and patents in the material count only where a rights record declares them.",
)

BLANK = "[to be filled in by the developer]"


def write(subject: Subject) -> bytes:
    """Return the statement in Markdown, UTF-8. Only what the policy cleared is counted as training data."""
    kinds = ", ".join(f"{counts.items:,} {kind}" for kind, counts in subject.cleared.items() if counts.items) or "none"
    bases = ", ".join(f"{basis}: {count:,}" for basis, count in sorted(subject.bases.items())) or "none"
    total = sum(counts.items for counts in subject.cleared.values())
    domain = subject.bases.get("public-domain", 0)
    bought = subject.bases.get("license", 0)
    protected = (
        f"{total - domain:,} of {total:,} items are recorded as protected or under a licence, "
        f"{domain:,} as in the public domain."
    )
    answers = [
        (
            "Sources or owners of the datasets",
            f"One archive, read by its owner. Items by basis: {bases}.",
        ),
        ("How the datasets further the intended purpose", BLANK),
        ("Number of data points", f"{total:,}."),
        ("Types of data points", f"Without labels: {kinds}. Pictures with size and fingerprints; scripts by scene."),
        ("Protected by copyright, trademark or patent, or entirely in the public domain", protected),
        ("Purchased or licensed", f"{bought:,} items are held under a licence from somebody else."),
        ("Personal information, section 1798.140(v)", f"{NOT_STATED} Nobody looked for persons in the pictures."),
        ("Aggregate consumer information, section 1798.140(b)", NOT_STATED),
        (
            "Cleaning, processing or other modification",
            "Frames were taken from video, pages and layers rendered where a form needs it, texts cut into scenes. "
            "Items without a current licence for the use were left out. Purpose: to train on licensed material only.",
        ),
        ("Time period of collection", f"{NOT_STATED} The version was signed on {subject.created.date()}."),
        ("Dates of first use in development", BLANK),
        ("Synthetic data generation", f"{NOT_STATED} The extraction itself generates none."),
    ]
    lines = [
        "# Training data documentation",
        "",
        "California Civil Code section 3111(a). Draft made from a signed dataset; bracketed answers are blanks.",
        "",
        f"Dataset {subject.dataset}, version {subject.version}, Merkle root `{subject.root}`; judged for "
        f"{subject.policy['use']} on {subject.on}.",
        "",
        *(f"{number}. **{question}.** {answer}" for number, (question, answer) in enumerate(answers, 1)),
        "",
        "What this form cannot say:",
        "",
        *(f"- {each}" for each in WITHOUT),
    ]
    return ("\n".join(lines) + "\n").encode()
