"""The public summary of training content, EU AI Act Article 53(1)(d), in the order of the AI Office's template of 2025.

The model and its provider are not known to a dataset: their lines are blanks for whoever publishes it.
"""

from __future__ import annotations

from provenance.reports.subject import NOT_STATED, Counts, Subject

NAME = "eu-ai-act-53-1-d"
SUFFIX = ".eu-ai-act.md"
WITHOUT = (
    "It speaks of one dataset; a model trained on several needs all of them told together.",
    "Whether an item is a work of the provider or of a third party is told by the basis of its record, no more.",
)

BLANK = "[to be filled in by the provider]"

_NOTHING = Counts(0, 0.0, 0)
_OWN = ("ownership", "assignment")
_LICENSED = ("license", "release")
_PUBLIC = ("public-license", "public-domain")


def write(subject: Subject) -> bytes:
    """Return the summary in Markdown, UTF-8. Only what the policy cleared is training content."""
    frames, art, scripts = (subject.cleared.get(kind, _NOTHING) for kind in ("frames", "art", "scripts"))
    pictures = frames.items + art.items
    own, licensed, public = (sum(subject.bases.get(each, 0) for each in of) for of in (_OWN, _LICENSED, _PUBLIC))
    licences = ", ".join(f"{name} ({count:,})" for name, count in sorted(subject.licences.items())) or "none"
    lines = [
        "# Public summary of training content",
        "",
        "Regulation (EU) 2024/1689, Article 53(1)(d). Draft made from a signed dataset; bracketed lines are blanks.",
        "",
        f"Dataset {subject.dataset}, version {subject.version}, Merkle root `{subject.root}`, "
        f"judged on {subject.on} by policy `{subject.policy_digest}`.",
        "",
        "## 1. General information",
        "",
        f"- 1.1 Provider: {BLANK}",
        f"- 1.2 Model, its versions and dependencies, date of placing on the market: {BLANK}",
        "- 1.3 Modalities and size of the training content:",
        f"  - Text: {scripts.items:,} scripts and scenes, {scripts.bytes:,} bytes of UTF-8. Tokens: {BLANK}",
        f"  - Images: {pictures:,} ({_range(pictures, 10**6, 10**9, '1 million', '1 billion')}), "
        f"of which {frames.items:,} are frames of video",
        f"  - Video: {frames.hours:.2f} hours, as frames taken from it "
        f"({_range(frames.hours, 10**4, 10**6, '10,000 hours', '1 million hours')})",
        "  - Audio: none is extracted",
        f"  - Period over which the content was acquired: {NOT_STATED}",
        f"  - Languages and regions: {NOT_STATED}",
        "",
        "## 2. Sources",
        "",
        f"- 2.1 Publicly available datasets: none by that name; {public:,} items are under public licences or in the "
        "public domain",
        f"- 2.2.1 Commercially licensed by rightsholders: {licensed:,} items",
        f"- 2.2.2 Other private datasets of third parties: {NOT_STATED}",
        "- 2.3 Crawled and scraped from online sources: none; one archive was read and nothing is fetched",
        f"- 2.4 User data: {NOT_STATED}",
        f"- 2.5 Synthetic data: {NOT_STATED}",
        f"- 2.6 Other: {own:,} items owned by or assigned to the studio",
        f"- Licences of the cleared items: {licences}",
        "",
        "## 3. Processing",
        "",
        "- 3.1 Reservations of rights: machine-readable opt-outs in files, sidecars and Content Credentials are "
        f"always honoured, also on copies; {subject.opted_out:,} items were left out for one",
        f"- 3.2 Removal of illegal content: {BLANK}",
        f"- 3.3 Other: of {sum(c.items for c in subject.all.values()):,} items extracted, "
        f"{sum(c.items for c in subject.cleared.values()):,} were cleared; "
        f"{subject.quarantined:,} files could not be read and were set aside.",
        "",
        "## What this form cannot say",
        "",
        *(f"- {each}" for each in WITHOUT),
    ]
    return ("\n".join(lines) + "\n").encode()


def _range(value: float, low: float, high: float, few: str, many: str) -> str:
    """Return the template's range for a size."""
    if value < low:
        return f"less than {few}"
    return f"{few} to {many}" if value <= high else f"more than {many}"
