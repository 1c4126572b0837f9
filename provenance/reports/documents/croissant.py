"""Croissant 1.1 with the RAI vocabulary: every object by digest, every column of every shard.

Paths are relative: the document belongs into the dataset's own folder.
"""

from __future__ import annotations

import re
from typing import Any

from provenance.model import clock
from provenance.reports.subject import NOT_STATED, TAG, Object, Subject, json_bytes, license_ref

NAME = "croissant"
SUFFIX = ".croissant.json"
WITHOUT = (
    "Croissant has no word for a verdict: that only some of the items are licensed is told in words.",
    "One policy for the whole would be wrong for some items, so that the terms of each are left to the ODRL document.",
    "Signatures and the chain of versions are not expressible; the Merkle root is given as an identifier.",
    "Columns that are lists, structures or raw digests are left out of the record sets.",
)

_PLAIN = re.compile(r"(?!LicenseRef-)[A-Za-z0-9.-]+")  # one id, and no expression of several
_TYPES = {"text": "sc:Text", "integer": "sc:Integer", "float": "sc:Float", "boolean": "sc:Boolean", "date": "sc:Date"}


def write(subject: Subject) -> bytes:
    """Return the document, UTF-8 JSON-LD."""
    shards = [each for each in subject.objects if each.columns]
    limits = f"{subject.quarantined} assets could not be read and are not in it. What this form cannot say: "
    told = {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": ["http://mlcommons.org/croissant/1.1", "http://mlcommons.org/croissant/RAI/1.0"],
        "name": subject.name,
        "identifier": f"urn:sha256:{subject.root}",
        "description": " ".join(
            filter(
                None,
                ["Frames, art and scripts, with rights evidence on every row.", subject.judged, subject.made_from],
            )
        ),
        "license": _licences(subject),
        "usageInfo": {
            "@type": "DefinedTerm",
            "name": subject.policy["use"],
            "inDefinedTermSet": "CAWG training and data mining",
            "description": subject.judged,
        },
        "creator": {"@type": "sc:Organization", "name": NOT_STATED},
        "url": subject.iri,
        "version": f"{subject.version}.0.0",
        "datePublished": subject.created.date().isoformat(),
        "dateCreated": subject.created.date().isoformat(),
        "isLiveDataset": False,
        "distribution": [*map(_file, subject.objects), *_beside(subject)],
        "recordSet": [_records(each) for each in shards],
        "prov:wasGeneratedBy": {
            "@type": "prov:Activity",
            "prov:label": " ".join(f"{name} {version}" for name, version in sorted(subject.tool.items())),
            "prov:endedAtTime": clock.stamp(subject.created),
        },
        "prov:wasAttributedTo": {"@type": "prov:Agent", "prov:label": f"build key {subject.build_key}"},
        **_source(subject),
        "rai:dataCollection": f"Extracted from files of one archive. How they came there: {NOT_STATED}",
        "rai:dataCollectionTimeframe": NOT_STATED,
        "rai:dataLimitations": limits + " ".join(WITHOUT),
        "rai:personalSensitiveInformation": subject.people,
        "rai:dataBiases": NOT_STATED,
        "rai:dataUseCases": f"Judged for: {subject.policy['use']}, {subject.policy['purpose']}.",
        "rai:dataReleaseMaintenancePlan": "The verdicts are good until "
        f"{NOT_STATED if subject.valid_until is None else clock.stamp(subject.valid_until)}",
    }
    return json_bytes(told)


def _licences(subject: Subject) -> list[str]:
    """Return the licences of the cleared items: those of the SPDX list by their pages, any other as it is called."""
    names = [license_ref(name) for name in subject.licences]
    pages = [f"https://spdx.org/licenses/{name}" if _PLAIN.fullmatch(name) else name for name in names]
    return sorted(pages) or [NOT_STATED]


def _source(subject: Subject) -> dict[str, Any]:
    """Of a release: the version of the dataset that it was taken from."""
    if subject.release is None:
        return {}
    return {"prov:wasDerivedFrom": {"@id": f"{TAG}dataset/{subject.release.source}/{subject.release.source_version}"}}


def _beside(subject: Subject) -> list[dict[str, Any]]:
    """What lies beside the objects of a release: the credits that its licences ask for."""
    return [
        {
            "@type": "cr:FileObject",
            "@id": path,
            "name": path,
            "description": "credits that must be given",
            "contentUrl": path,
            "contentSize": f"{size} B",
            "encodingFormat": "text/markdown",
            "sha256": sha256,
        }
        for path, sha256, size in (subject.release.files if subject.release is not None else ())
    ]


def _file(each: Object) -> dict[str, Any]:
    return {
        "@type": "cr:FileObject",
        "@id": each.path,
        "name": each.path.rpartition("/")[2],
        "description": f"{each.rows} rows of {each.holds}",
        "contentUrl": each.path,
        "contentSize": f"{each.bytes} B",
        "encodingFormat": "application/x-parquet",
        "sha256": each.sha256,
    }


def _records(each: Object) -> dict[str, Any]:
    key = f"{each.holds}-{each.sha256[:12]}"
    fields = []
    for name, type in each.columns:
        if type not in _TYPES:
            continue
        fields.append(
            {
                "@type": "cr:Field",
                "@id": f"{key}/{name}",
                "name": name,
                "description": f"column {name}",
                "dataType": _TYPES[type],
                "source": {"fileObject": {"@id": each.path}, "extract": {"column": name}},
            }
        )
    return {
        "@type": "cr:RecordSet",
        "@id": key,
        "name": key,
        "description": f"{each.rows} {each.holds}",
        "field": fields,
    }


# The context of the specification's first appendix, and PROV, which it recommends for where data comes from.
_CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "annotation": "cr:annotation",
    "arrayShape": "cr:arrayShape",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "containedIn": "cr:containedIn",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileObject": "cr:fileObject",
    "fileProperty": "cr:fileProperty",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isArray": "cr:isArray",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "prov": "http://www.w3.org/ns/prov#",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sdVersion": "cr:sdVersion",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
    "value": "cr:value",
}
