"""The statement of training data that California asks for: Civil Code section 3111 (AB 2013), (a)(1) to (12)."""

from __future__ import annotations

from provenance.reports.subject import NOT_STATED, Subject, license_ref

NAME = "ca-ab-2013"
SUFFIX = ".ca-ab-2013.md"
WITHOUT = (
    "It speaks of one dataset; a system trained on several needs all of them told together.",
    "Trademarks and patents in the material count only where a rights record declares them.",
)

BLANK = "[to be filled in by the developer]"


def write(subject: Subject) -> bytes:
    """Return the statement in Markdown, UTF-8. Only what the policy cleared is counted as training data."""
    lines = [
        "# Training data documentation",
        "",
        "California Civil Code section 3111(a). Draft made from a signed dataset; bracketed answers are blanks.",
        "",
        f"{subject.what.capitalize()} {subject.dataset}, version {subject.version}, Merkle root `{subject.root}`.",
        subject.judged,
        *([subject.made_from] if subject.made_from is not None else []),
        "",
        *(f"{number}. **{question}.** {answer}" for number, (question, answer) in enumerate(_answers(subject), 1)),
        "",
        "What this form cannot say:",
        "",
        *(f"- {each}" for each in WITHOUT),
    ]
    return ("\n".join(lines) + "\n").encode()


def _answers(subject: Subject) -> list[tuple[str, str]]:
    """Return question and answer of the twelve paragraphs, in the order of the law."""
    kinds = ", ".join(f"{counts.items:,} {kind}" for kind, counts in subject.cleared.items() if counts.items) or "none"
    bases = ", ".join(f"{basis}: {count:,}" for basis, count in subject.bases.items()) or "none"
    named = ", ".join(f"{license_ref(name)}: {count:,}" for name, count in subject.licences.items()) or "none"
    total, domain = subject.cleared_items, subject.bases.get("public-domain", 0)
    bought = subject.bases.get("license", 0)
    trademarks, people = subject.interests.get("trademark", 0), subject.interests
    protected = (
        f"{total - domain:,} of {total:,} items are recorded as protected or under a licence, "
        f"{domain:,} as in the public domain; {trademarks:,} are declared to show a trademark. "
        f"Patents: {NOT_STATED}"
    )
    personal = (
        f"{people.get('likeness', 0):,} items are declared to show a person's likeness, {people.get('voice', 0):,} a "
        f"voice. Beyond that: {NOT_STATED} Nobody looked for persons in the pictures."
    )
    return [
        ("Sources or owners of the datasets", f"One archive; its owner: {BLANK}. Items by basis: {bases}."),
        ("How the datasets further the intended purpose", BLANK),
        ("Number of data points", f"{total:,}."),
        ("Types of data points", f"Without labels: {kinds}. Pictures with size and fingerprints; scripts by scene."),
        ("Protected by copyright, trademark or patent, or entirely in the public domain", protected),
        (
            "Purchased or licensed",
            f"{bought:,} items are held under a licence from somebody else. Items by licence: {named}; "
            f"none recorded: {subject.unlicensed:,}.",
        ),
        ("Personal information, section 1798.140(v)", personal),
        ("Aggregate consumer information, section 1798.140(b)", NOT_STATED),
        (
            "Cleaning, processing or other modification",
            "Frames were taken from video, pages and layers rendered where a form needs it, texts cut into scenes. "
            "Items without a current licence for the use were left out. Purpose: to train on licensed material only.",
        ),
        (
            "Time period of collection",
            f"{NOT_STATED} The version was signed on {subject.created.date()}; a version does not grow.",
        ),
        ("Dates of first use in development", BLANK),
        (
            "Synthetic data generation",
            f"{subject.generated:,} items are declared as made with generative AI; for the others: {NOT_STATED} "
            "The extraction itself generates none.",
        ),
    ]
