"""One paragraph for every reason: what it means, where it comes from, and what would change it."""

from __future__ import annotations

import textwrap

from provenance.rights.reasons import REVIEW_REASONS, Reason

_WRITTEN: dict[Reason, str] = {
    Reason.NO_RECORD: """
        No record of basis covers the item: nobody has written down who owns it or by what right the studio has
        it. That includes material in the public domain and under public licences, which need a record too. A
        record on the file, its folder, its digest or its work changes this; a copy that is licensed does not.""",
    Reason.REFERENCE_ONLY: """
        The closest record says that the item is here to be looked at and for nothing else: a mood board, an
        agency's template, something logged off air. Only a grant from its holder, recorded on this item or
        closer, changes this.""",
    Reason.REVOKED: """
        The grant was taken back, from the day in the record on, that day included. It stays revoked if an
        older register is imported again. A new agreement gets a record with an id of its own; a revocation
        entered by mistake is ended by a `lift` entry in the ledger.""",
    Reason.SUPERSEDED: """
        The closest record was replaced by another, and the other does not reach this item, or not as closely.
        What the old record was an exception to does not come back to life. Record the successor on the same
        material.""",
    Reason.ON_HOLD: """
        All use is stopped while a question is open: a dispute, a claim, an inquiry. The record's status or a
        hold in the ledger says so. The hold ends on its last day, when it is lifted, or under a waiver that
        names who and why.""",
    Reason.EXPIRED: """
        The term of the deciding record is over; its end date was the last valid day, counted in UTC. A renewal
        is a new end date, or a new record with the old one withdrawn or marked superseded. Expiry stays with
        its own record and does not reach copies that are licensed elsewhere.""",
    Reason.NOT_YET_VALID: """
        The term of the deciding record has not begun: its start date is ahead, or the event that starts it has
        not happened. Nothing needs to be done but to wait, or to agree on an earlier start.""",
    Reason.USE_NOT_GRANTED: """
        The deciding record grants some uses, and this one is in none of its lists. Silence is no grant: the
        right to extract, to train, to generate and to license out are different rights. The holder must add
        the use.""",
    Reason.USE_REFUSED: """
        The deciding record names this use and refuses it. Where two records stand equally close, one refusal
        is enough. Only the holder can change it; a wider permission on a folder further up does not.""",
    Reason.PURPOSE: """
        The deciding record allows the use for certain purposes, and the job's is not among them: most often
        commercial training on non-commercial material. Another purpose in the policy is another job; otherwise
        the holder must agree.""",
    Reason.TERRITORY: """
        The grant does not hold in every territory that the policy asks for, or excludes one of them. Public
        domain can be a matter of territory as well. Ask for fewer territories, or license the missing ones.""",
    Reason.PROCESSING_GEOGRAPHY: """
        The grant limits where the material may be processed, and the policy names another place or none. Say
        in the policy where the job runs; where that lies outside, run it inside.""",
    Reason.STORAGE_GEOGRAPHY: """
        The grant limits where copies may be stored, and the policy names another place or none. Say in the
        policy where shards and checkpoints are kept; where that lies outside, keep them inside.""",
    Reason.RECIPIENT: """
        The grant names who may receive the material or the use, and the policy's recipient is somebody else or
        nobody. Name the recipient as the grant does, or have the grant extended.""",
    Reason.MODEL: """
        The grant is for certain models, and the policy's model is another one or is not named. Name the model
        as the grant does, or have the grant extended.""",
    Reason.MEDIA: """
        The grant is for certain media, and the policy's result would appear in others, or does not say where
        it appears. State the media in the policy, or have the grant extended.""",
    Reason.CONSTRAINED: """
        The deciding record allows the use under a condition that the gate cannot check. A person must read the
        clause; once the condition is met and written down, the record says allowed.""",
    Reason.DUTY_UNDONE: """
        The grant asks for something before use, such as a payment or a notice, and the record does not say
        that it was done. Do it and mark the duty as done, or have it waived by name.""",
    Reason.INTEREST_NOT_CLEARED: """
        A record declares that the material touches another right, such as music, a trademark, an underlying
        work or another artist's drawing, and no statement clears that right. Copyright in the picture does not
        include it.""",
    Reason.CONSENT_MISSING: """
        A person is concerned, by likeness, voice or performance, and there is no consent of theirs that
        counts: none on record, none of a guardian for a minor, or not signed separately where the policy asks
        for that.""",
    Reason.CONSENT_REVOKED: """
        A person has withdrawn consent, from that day on. A closer record with another permission does not
        override a person's no; a new consent of the same person does, once the old one is marked superseded.""",
    Reason.CONSENT_EXPIRED: """
        A person's consent had a last day, and it is past. Ask again; the new consent gets its own expiry.""",
    Reason.OPT_OUT_IN_FILE: """
        The file itself says that this use is not allowed, in its IPTC, XMP or Content Credentials. This counts
        whatever the register says, and also when the signature is broken or the signer unknown. A waiver from
        the holder lifts it.""",
    Reason.OPT_OUT_IN_SIDECAR: """
        A sidecar beside the file says that this use is not allowed. It counts like words inside the file,
        whatever the register says. A waiver from the holder lifts it.""",
    Reason.EXPIRED_IN_FILE: """
        The file states an end of its licence, and that day is past. Where the register knows better, the
        holder's confirmation is recorded as a waiver; the file itself is evidence and is not changed.""",
    Reason.NOT_YET_VALID_IN_FILE: """
        The file states a start of its licence, and that day is ahead. It clears by itself when the day comes.""",
    Reason.PURPOSE_IN_FILE: """
        The file carries a licence that does not cover the policy's purpose, most often a non-commercial one.
        The register cannot widen it; another purpose, or a waiver from the holder, can.""",
    Reason.TWIN_OPT_OUT: """
        An exact copy of this item, with the same bytes, pixels or text, carries an opt-out. What a holder has
        said of a picture holds for every copy of it, also for one whose metadata was stripped.""",
    Reason.TWIN_REVOKED: """
        The grant on an exact copy of this item was revoked. A second record on the same picture or text does
        not outlive the revocation; settle with the holder which record is right, and waive or correct it by
        name.""",
    Reason.TWIN_CONSENT: """
        On an exact copy of this item a person's consent is missing or withdrawn. The same face or voice is
        here.""",
    Reason.PARENT_NOT_CLEARED: """
        The item was made from another: a frame, a crop, a page, a caption, a composite. Nothing derived is
        wider than any of its parents, and one of them is not clear. Clear the parent.""",
    Reason.DECIDED_AGAINST: """
        A person looked at this item and decided against it. The ledger names who and why. Another ruling, or a
        `lift` entry, changes it.""",
    Reason.UNDECIDED: """
        A record exists, but nobody has said which uses it allows: both lists are empty. Unknown is never
        rounded up to clear. The rights desk fills in the record, or rules on the item.""",
    Reason.CONFLICT: """
        Two records stand equally close to the item and rest on different bases: one of them must be wrong. A
        person decides which one rules, and the ledger keeps who and why.""",
    Reason.CONFLICT_IN_FILE: """
        What the file says of its rights contradicts its record: a copyright line in a script that is recorded
        as public domain, for instance. A person reads both and decides.""",
    Reason.CONSTRAINED_IN_FILE: """
        The file allows the use only under a condition that it describes, or points to elsewhere. A person
        reads the condition; remote descriptions are never fetched.""",
    Reason.BROKEN_CREDENTIAL: """
        The file carries Content Credentials that no longer match it, or whose signature does not hold:
        something was changed after signing. An opt-out in them still counts; for anything else a person looks
        at what was changed.""",
    Reason.REMOTE_CREDENTIAL: """
        The file's Content Credentials lie on a server, and no build ever fetches anything. What they say is
        unknown until a person has looked, and a ruling is recorded.""",
    Reason.TWIN_CONFLICT: """
        An exact copy of this item is recorded under another holder or another basis. A permissive record on a
        copy never launders a restricted original: a person decides which record is right.""",
    Reason.NEAR_TWIN_OPT_OUT: """
        Something very much like this item carries an opt-out. If it is the same picture or text, the opt-out
        holds here too; a person compares them and decides.""",
    Reason.NEAR_TWIN_REVOKED: """
        The grant on something very much like this item was revoked. A person compares them and decides whether
        it is the same material.""",
    Reason.NEAR_TWIN_CONSENT: """
        On something very much like this item a person's consent is missing or withdrawn. A person compares
        them and decides whether it shows the same person in the same way.""",
    Reason.NEAR_TWIN_CONFLICT: """
        Something very much like this item is recorded under another holder or another basis. Either they are
        different works that look alike, or one record is wrong: a person decides.""",
    Reason.NEAR_BLANK: """
        The picture is nearly empty, so that fingerprints cannot tell it from other empty ones: a slate, a line
        on white, a black frame. Whether it is worth training on, and whose it is, a person decides.""",
}

EXPLANATIONS: dict[Reason, str] = {reason: " ".join(_WRITTEN[reason].split()) for reason in Reason}


def markdown() -> str:
    """Return the text of manifests/REASONS.md, which is made from the explanations here."""
    out = [
        "# Reasons",
        "",
        "Why the gate refuses an item, or asks a person to look. The list is closed. `provenance explain` prints the",
        "same paragraphs. This page is made by `python -m provenance.rights.explanations` and tested to be complete.",
    ]
    for title, review in (("Refused", False), ("Review", True)):
        out += ["", f"## {title}"]
        for reason in Reason:
            if (reason in REVIEW_REASONS) is review:
                out += ["", f"### {reason.value}", "", textwrap.fill(EXPLANATIONS[reason], 118)]
    return "\n".join(out) + "\n"


if __name__ == "__main__":
    print(markdown(), end="")
