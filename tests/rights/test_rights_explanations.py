"""Every reason is explained, in one place, to whoever asks why."""

from __future__ import annotations

from pathlib import Path

from provenance.rights import explanations
from provenance.rights.reasons import REVIEW_REASONS, Decision, Reason, decision

ROOT = Path(__file__).resolve().parent.parent.parent


def test_every_reason_has_a_paragraph_of_its_own() -> None:
    assert list(explanations.EXPLANATIONS) == list(Reason)
    assert all(len(text) > 80 for text in explanations.EXPLANATIONS.values())
    assert len(set(explanations.EXPLANATIONS.values())) == len(Reason)


def test_the_page_of_reasons_is_the_one_made_from_the_paragraphs() -> None:
    written = (ROOT / "manifests" / "REASONS.md").read_text("utf-8")
    assert written == explanations.markdown(), "python -m provenance.rights.explanations > manifests/REASONS.md"


def test_any_refusal_outweighs_every_review() -> None:
    for reason in Reason:
        expected = Decision.REVIEW if reason in REVIEW_REASONS else Decision.REFUSED
        assert decision((reason,)) is expected
        assert decision((Reason.UNDECIDED, reason)) is expected
    assert decision(()) is Decision.CLEARED
