"""The public summary of training content, EU AI Act Article 53(1)(d), by the headings of the Commission's template.

The template is that of 24 July 2025. The model and its provider are not known to a dataset: their lines are blanks for
whoever publishes it.
"""

from __future__ import annotations

from provenance.model import clock
from provenance.reports.subject import NOT_STATED, Counts, Subject, license_ref

NAME = "eu-ai-act-53-1-d"
SUFFIX = ".eu-ai-act.md"
WITHOUT = (
    "It speaks of one dataset; a model trained on several needs all of them told together.",
    "Whether an item is a work of the provider or of a third party is told by the basis of its record, no more.",
    "Modalities of each source are told together, since a record does not say which.",
    "How material came into the archive is not recorded, so that a crawl before it would have to be added by hand.",
)

BLANK = "[to be filled in by the provider]"

_NOTHING = Counts(0, 0.0, 0)
_OWN = ("ownership", "assignment")
_LICENSED = ("license", "release")
_PUBLIC = ("public-license", "public-domain")


def write(subject: Subject) -> bytes:
    """Return the summary in Markdown, UTF-8. Only what the policy cleared is training content."""
    lines = [
        "# Public summary of training content",
        "",
        "Regulation (EU) 2024/1689, Article 53(1)(d). Draft made from a signed dataset; bracketed lines are blanks.",
        "",
        f"{subject.what.capitalize()} {subject.dataset}, version {subject.version}, Merkle root `{subject.root}`, "
        f"judged by policy `{subject.policy_digest}`. {subject.judged}",
        *([subject.made_from] if subject.made_from is not None else []),
        "",
        f"- Version of the summary: {BLANK}",
        f"- Last update: {subject.on}",
        "",
        *_general(subject),
        "",
        *_sources(subject),
        "",
        *_processing(subject),
        "",
        "## What this form cannot say",
        "",
        *(f"- {each}" for each in WITHOUT),
    ]
    return ("\n".join(lines) + "\n").encode()


def _general(subject: Subject) -> list[str]:
    frames, art, scripts = (subject.cleared.get(kind, _NOTHING) for kind in ("frames", "art", "scripts"))
    pictures = frames.items + art.items
    # A token is a byte or more in every tokenizer of text, so that few bytes are few tokens; many bytes say nothing.
    tokens = "less than 1 billion tokens" if scripts.bytes < 10**9 else f"tokens: {BLANK}"
    return [
        "## 1. General information",
        "",
        "### 1.1. Provider identification",
        "",
        f"- Provider name and contact details: {BLANK}",
        f"- Authorised representative: {BLANK}",
        "",
        "### 1.2. Model identification",
        "",
        f"- Versioned model names: {BLANK}",
        f"- Model dependencies: {BLANK}",
        f"- Date of placement on the Union market: {BLANK}",
        "",
        "### 1.3. Modalities, overall training data size and other characteristics",
        "",
        "| Modality | Size | Types of content |",
        "|---|---|---|",
        f"| Text | {_present(scripts.items, tokens)} | {scripts.items:,} scripts and scenes, {scripts.bytes:,} bytes |",
        f"| Image | {_present(pictures, _range(pictures, 10**6, 10**9, '1 million', '1 billion', 'images'))} | "
        f"{pictures:,} pictures, of which {frames.items:,} are frames of video |",
        "| Audio | none | none is extracted |",
        f"| Video | {_present(frames.items, _range(frames.hours, 10**4, 10**6, '10,000', '1 million', 'hours'))} | "
        f"{frames.hours:.2f} hours, as frames taken from it |",
        "",
        f"- Latest date of data acquisition: {NOT_STATED} The version was signed on {subject.created.date()} and does "
        "not grow.",
        f"- Linguistic characteristics: {NOT_STATED}",
        f"- Other relevant characteristics: {NOT_STATED}",
    ]


def _sources(subject: Subject) -> list[str]:
    own, licensed, public = (sum(subject.bases.get(each, 0) for each in of) for of in (_OWN, _LICENSED, _PUBLIC))
    licences = ", ".join(f"{license_ref(name)} ({count:,})" for name, count in subject.licences.items()) or "none"
    told = own + licensed + public
    return [
        "## 2. List of data sources",
        "",
        "### 2.1. Publicly available datasets",
        "",
        f"None by that name is recorded; {public:,} items are under public licences or in the public domain.",
        "",
        "### 2.2. Private non-publicly available datasets obtained from third parties",
        "",
        "#### 2.2.1. Datasets commercially licensed by rightsholders or their representatives",
        "",
        f"{licensed:,} items are held under a licence or a release.",
        "",
        "#### 2.2.2. Private datasets obtained from other third parties",
        "",
        NOT_STATED,
        "",
        "### 2.3. Data crawled and scraped from online sources",
        "",
        "The extraction read one archive and fetched nothing; it knows of no crawler and no domain names. How the "
        f"material came into the archive: {NOT_STATED}",
        "",
        "### 2.4. User data",
        "",
        NOT_STATED,
        "",
        "### 2.5. Synthetic data",
        "",
        f"{subject.generated:,} items are declared as made with generative AI. For the others: {NOT_STATED}",
        "",
        "### 2.6. Other sources of data",
        "",
        f"{own:,} items are owned by or assigned to the studio; {subject.cleared_items - told:,} rest on several bases "
        "or another one.",
        "",
        f"Licences of the cleared items: {licences}; none recorded: {subject.unlicensed:,}.",
    ]


def _processing(subject: Subject) -> list[str]:
    until = NOT_STATED if subject.valid_until is None else clock.stamp(subject.valid_until)
    return [
        "## 3. Data processing aspects",
        "",
        "### 3.1. Respect of reservation of rights from text and data mining exception or limitation",
        "",
        f"- Signatory to the Code of Practice: {BLANK}",
        "- Measures: machine-readable opt-outs in files, sidecars and Content Credentials are always honoured, also on "
        f"copies; {subject.opted_out:,} items were left out for one. What is cleared is asked again of the rights "
        f"ledger; this answer is good until {until}.",
        "",
        "### 3.2. Removal of illegal content",
        "",
        BLANK,
        "",
        "### 3.3. Other information (optional)",
        "",
        f"Of {subject.total_items:,} items extracted, {subject.cleared_items:,} were cleared; "
        f"{subject.quarantined:,} assets could not be read and were set aside.",
    ]


def _present(items: int, size: str) -> str:
    return size if items else "none"


def _range(value: float, low: float, high: float, few: str, many: str, unit: str) -> str:
    """Return the template's range for a size."""
    if value < low:
        return f"less than {few} {unit}"
    return f"{few} to {many} {unit}" if value <= high else f"more than {many} {unit}"
