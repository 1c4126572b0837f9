"""The JSON Schemas under manifests/schemas, made from the words themselves.

python -m provenance.rights.schemas NAME      prints one; without a name, the names
"""

from __future__ import annotations

import json
import sys
from typing import Any

from provenance.rights import codec, ledger
from provenance.rights.policy import Policy
from provenance.rights.sources.manifest import FORMAT, GEOGRAPHIES, TERMS
from provenance.rights.statement import RightsStatement


def documents() -> dict[str, dict[str, Any]]:
    """Return every schema by its file name."""
    return {
        "rights-statement.schema.json": codec.schema(RightsStatement, "Rights statement"),
        "policy.schema.json": codec.schema(Policy, "Policy"),
        "ledger-entry.schema.json": _entries(),
        "rights-manifest.schema.json": _manifest(),
    }


def _entries() -> dict[str, Any]:
    """A ledger entry: the fields of its kind, and of every entry."""
    parts: dict[str, Any] = {}
    choices = []
    moment = {"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$"}
    shared = {"number": {"type": "integer", "minimum": 1}, "recorded": moment, "valid_until": moment}
    for kind, body in ledger.KINDS.items():
        whole = codec.schema(body, kind)
        parts |= whole["$defs"]
        own = parts.pop(body.__name__)
        own["properties"] = {"kind": {"const": kind}, **shared, **own["properties"]}
        own["required"] = ["kind", *shared, *own["required"]]
        choices.append(own)
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Ledger entry"}
    return {**head, "oneOf": choices, "$defs": parts}


def _manifest() -> dict[str, Any]:
    """The manifest in its written form: sections, shorthands, and terms that come from an agreement."""
    parts: dict[str, Any] = codec.schema(RightsStatement, "")["$defs"] | codec.schema(Policy, "")["$defs"]
    statement, policy, consent = parts.pop("RightsStatement"), parts.pop("Policy"), dict(parts["Consent"])
    fields = {name: part for name, part in statement["properties"].items() if name not in ("source", "consent")}
    codes = {"type": "array", "items": {"type": "string"}, "minItems": 1}
    for name in GEOGRAPHIES:
        fields[name] = {"anyOf": [{"type": "string"}, codes, fields[name]]}
    for name in ("applies_to", "work"):
        fields[name] = {"anyOf": [{"type": "string"}, fields[name]]}
    fields["person"] = {"type": "string"}
    fields["consent"] = {"$ref": "#/$defs/Consent"}
    person = {name: part for name, part in consent["properties"].items() if name != "person"}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Rights manifest",
        "type": "object",
        "properties": {
            "manifest": {"const": FORMAT},
            "agreements": {
                "type": "object",
                "additionalProperties": _closed({name: fields[name] for name in TERMS}, []),
            },
            "people": {
                "type": "object",
                "additionalProperties": _closed(person, [name for name in consent["required"] if name != "person"]),
            },
            # The basis may come from the agreement.
            "statements": {"type": "array", "items": _closed(fields, ["id", "applies_to"])},
            "policies": {
                "type": "object",
                "additionalProperties": {**policy, "required": [name for name in policy["required"] if name != "name"]},
            },
        },
        "required": ["manifest"],
        "additionalProperties": False,
        "$defs": parts,
    }


def _closed(properties: dict[str, Any], required: list[str]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(json.dumps(documents()[sys.argv[1]], indent=2))
    else:
        print("\n".join(documents()))
