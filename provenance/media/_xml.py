"""Untrusted XML to a small tree: no DTD, no entity, nothing from outside, capped in depth and number of elements."""

from __future__ import annotations

import codecs
from typing import NoReturn
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from provenance.model.errors import Quarantined
from provenance.model.words import Cause

MAX_ELEMENTS = 2_000_000
MAX_DEPTH = 200
_CUT_SHORT = frozenset(
    {
        expat.errors.codes[expat.errors.XML_ERROR_NO_ELEMENTS],
        expat.errors.codes[expat.errors.XML_ERROR_UNCLOSED_TOKEN],
        expat.errors.codes[expat.errors.XML_ERROR_UNCLOSED_CDATA_SECTION],
    }
)

for _name in ("utf-8", "utf-16", "iso-8859-1", "us-ascii", "windows-1252", "windows-1251"):
    codecs.lookup(_name)  # declared encodings: their modules must be in memory before the lock


def parse(data: bytes, what: str) -> Element:
    """Return the root element; `what` names the document in the sentence of a refusal.

    `Quarantined`: unsafe for any document type or entity declaration, before one entity is expanded; bomb for the
    caps; truncated when it ends early; damaged for anything else that is not well-formed.
    """
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
    builder = TreeBuilder()
    depth = count = 0

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal depth, count
        depth, count = depth + 1, count + 1
        if depth > MAX_DEPTH:
            raise Quarantined(Cause.BOMB, f"{what} nests deeper than {MAX_DEPTH} elements")
        if count > MAX_ELEMENTS:
            raise Quarantined(Cause.BOMB, f"{what} has more than {MAX_ELEMENTS:,} elements")
        builder.start(tag, attributes)

    def end(tag: str) -> None:
        nonlocal depth
        depth -= 1
        builder.end(tag)

    def refuse(*_: object) -> NoReturn:
        raise Quarantined(Cause.UNSAFE, f"{what} declares a document type: entities could reach outside or explode")

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = builder.data
    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    parser.ExternalEntityRefHandler = refuse
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        cause = Cause.TRUNCATED if error.code in _CUT_SHORT else Cause.DAMAGED
        message = expat.errors.messages.get(error.code, "not well-formed")
        raise Quarantined(cause, f"{what} is not well-formed XML: {message} at line {error.lineno}") from None
    except (LookupError, ValueError):
        raise Quarantined(Cause.DAMAGED, f"{what} declares an encoding that is not known here") from None
    return builder.close()
