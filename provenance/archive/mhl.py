"""ASC MHL v2.0: `ascmhl/` folders with one hash list a generation and a chain file that seals the lists.

What is expected of a file is what its first generation wrote; later generations confirm it, add other algorithms, or
record that it failed, which is told and changes nothing. Directory hashes follow from the file hashes and are not used.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from xml.parsers import expat

from provenance.archive.hashing import hash_bytes
from provenance.archive.sealed import CustodyList, Entry, Place, below, digest_of
from provenance.model.names import display

CHAIN = b"ascmhl_chain.xml"
FOLDER = b"ascmhl"

_LIST, _DIRECTORY = "urn:ASC:MHL:v2.0 ", "urn:ASC:MHL:DIRECTORY:v2.0 "
_ALGORITHMS = ("c4", "md5", "sha1", "xxh128", "xxh3", "xxh64")
_DEEPEST = 64
_LONGEST_TEXT = 65_536


@dataclass(slots=True)
class _Hash:
    """A `hash` or `directoryhash` element as it is read."""

    path: str = ""
    previous: str = ""
    digests: tuple[tuple[str, str, str], ...] = ()  # algorithm, digest, action


def read_history(place: Place, files: Mapping[bytes, bytes]) -> CustodyList:
    """Return what a history says, from the bytes of its files by path. Never raises: damage is a finding."""
    history = CustodyList("ascmhl", place.root)
    for path in _generations(place, files, history):
        try:
            _read_generation(files[path], f"ascmhl:{display(path)}", history)
        except _UNREADABLE as error:
            history.note("damaged", f"the hash list cannot be read: {error}", display(path))
    return history


class _Refused(Exception):
    """XML that is well-formed and not taken: a document type, depth or length without measure."""


# The last two are what an unknown or unsuitable encoding in the XML declaration ends in.
_UNREADABLE = (expat.ExpatError, _Refused, LookupError, ValueError)


def _generations(place: Place, files: Mapping[bytes, bytes], history: CustodyList) -> list[bytes]:
    """Return the hash lists to believe, oldest first: those that the chain names and whose digest holds."""
    folder = (place.root + b"/" if place.root else b"") + FOLDER + b"/"
    lists = sorted(path for path in files if path.endswith(b".mhl"))
    if folder + CHAIN not in files:
        history.note(
            "chain-missing", "there is no chain file, so any of the lists may have been changed", place.display
        )
        return lists
    try:
        chain = _read_chain(files[folder + CHAIN])
    except _UNREADABLE as error:
        history.note("damaged", f"the chain file cannot be read: {error}", display(folder + CHAIN))
        return lists
    sound = []
    for name, algorithm, digest in chain:
        path = folder + name.encode("utf-8", "surrogatepass")
        if path not in files:
            history.note("generation-missing", "the chain names this hash list and it is not there", display(path))
        elif digest_of(algorithm, digest) != hash_bytes(files[path], algorithm):
            history.note("generation-changed", "the hash list is not the one that the chain sealed", display(path))
        else:
            sound.append(path)
    named = {folder + name.encode("utf-8", "surrogatepass") for name, _, _ in chain}
    for path in lists:
        if path not in named:
            history.note("generation-unlisted", "the chain does not name this hash list; not used", display(path))
    return sound


def _read_chain(data: bytes) -> list[tuple[str, str, str]]:
    """Return name, algorithm and digest of each generation, by sequence number."""
    found: list[tuple[int, str, str, str]] = []
    number, name = 0, ""

    def start(steps: tuple[str, ...], attributes: dict[str, str]) -> None:
        nonlocal number, name
        if len(steps) == 2:
            text = attributes.get("sequencenr", "")
            number, name = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0, ""

    def end(steps: tuple[str, ...], text: str, attributes: dict[str, str]) -> None:
        nonlocal name
        if steps[:2] != (_DIRECTORY + "ascmhldirectory", _DIRECTORY + "hashlist") or len(steps) != 3:
            return
        tag = steps[2].removeprefix(_DIRECTORY)
        if tag == "path":
            name = text
        elif tag in _ALGORITHMS:
            found.append((number, name, tag, text))

    _parse(data, start, end)
    return [(name, algorithm, digest) for _, name, algorithm, digest in sorted(found)]


def _read_generation(data: bytes, source: str, history: CustodyList) -> None:
    current = _Hash()
    home = (_LIST + "hashlist", _LIST + "hashes")
    ignored = (_LIST + "hashlist", _LIST + "processinfo", _LIST + "ignore", _LIST + "pattern")
    known = False

    def start(steps: tuple[str, ...], attributes: dict[str, str]) -> None:
        nonlocal current, known
        if len(steps) == 1:
            known = steps == home[:1]
        elif len(steps) == 3 and steps[:2] == home:
            current = _Hash()

    def end(steps: tuple[str, ...], text: str, attributes: dict[str, str]) -> None:
        if steps == ignored:
            history.ignored = tuple(dict.fromkeys((*history.ignored, text)))
        if steps[:2] != home:
            return
        tag = steps[-1].removeprefix(_LIST)
        if len(steps) == 4 and tag == "path":
            current.path = text
        elif len(steps) == 4 and tag == "previousPath":
            current.previous = text
        elif len(steps) == 4 and tag in _ALGORITHMS:
            current.digests = (*current.digests, (tag, text, attributes.get("action", "")))
        elif len(steps) == 3 and tag in ("hash", "directoryhash"):
            _take(current, source, history, folder=tag == "directoryhash")

    _parse(data, start, end)
    if not known:
        history.note("version", "not an ASC MHL v2.0 hash list; not used", source)


def _take(read: _Hash, source: str, history: CustodyList, *, folder: bool) -> None:
    path = below(history.root, read.path.encode("utf-8", "surrogatepass"))
    if path is None:
        history.note("path-escapes", f"the path {read.path[:200]!r} leads out of the folder; not used", source)
        return
    before = below(history.root, read.previous.encode("utf-8", "surrogatepass")) if read.previous else None
    if before is not None:
        moved = [old for old in history.entries if old.startswith(before + b"/")] if folder else [before]
        for old in moved:
            if old in history.entries:
                history.entries[path + old[len(before) :]] = history.entries.pop(old)
    for algorithm, text, action in () if folder else read.digests:
        digest = digest_of(algorithm, text)
        if digest is None:
            history.note("bad-digest", f"{display(path)}: {text[:100]!r} is no {algorithm}", source)
        elif action == "failed":
            history.note("failed", f"{display(path)} had failed its {algorithm} when this list was made", source)
        else:
            history.add(path, Entry(algorithm, digest, source))


def _parse(
    data: bytes,
    start: Callable[[tuple[str, ...], dict[str, str]], None],
    end: Callable[[tuple[str, ...], str, dict[str, str]], None],
) -> None:
    """Feed elements to two functions, by their way from the root; names carry their namespace. No document type."""
    parser = expat.ParserCreate(namespace_separator=" ")
    steps: tuple[str, ...] = ()
    held: list[dict[str, str]] = []
    text = ""

    def on_start(name: str, attributes: dict[str, str]) -> None:
        nonlocal steps, text
        if len(steps) >= _DEEPEST:
            raise _Refused(f"elements more than {_DEEPEST} deep")
        steps, text = (*steps, name), ""
        held.append(attributes)
        start(steps, attributes)

    def on_end(name: str) -> None:
        nonlocal steps, text
        end(steps, text.strip(), held.pop())
        steps, text = steps[:-1], ""

    def on_text(data: str) -> None:
        nonlocal text
        text += data
        if len(text) > _LONGEST_TEXT:
            raise _Refused(f"a text of more than {_LONGEST_TEXT} characters")

    def on_doctype(*_: object) -> None:
        raise _Refused("a document type declaration, which could hold entities")

    parser.StartElementHandler, parser.EndElementHandler = on_start, on_end
    parser.CharacterDataHandler, parser.StartDoctypeDeclHandler = on_text, on_doctype
    parser.Parse(data, True)
