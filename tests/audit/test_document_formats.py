"""The documents in the eyes of others: each is read by the library or checked by the schema of its own standard."""

from __future__ import annotations

import io
import json
import re
import warnings
from collections import Counter
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from secretive_studio import Case

from provenance import audit as verb
from provenance.auditing import facts, naming
from provenance.auditing.naming import Naming
from provenance.rights.licenses import license_problem


def told(case: Case, name: str) -> Any:
    return json.loads(verb.document(case.found, name)[0])


def proofs(case: Case) -> dict[str, str]:
    return {path: sha256 for path, (sha256, _) in case.found.census.admission.version.content.proofs.items()}


# Croissant: validated, and loaded


def _load(place: Path) -> int:
    mlcroissant = pytest.importorskip("mlcroissant", reason="mlcroissant is not installed")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        loaded = mlcroissant.Dataset(str(place))
        assert not loaded.metadata.issues.errors
        return sum(1 for each in loaded.metadata.record_sets for _ in loaded.records(each.uuid))


def test_mlcroissant_loads_every_row_and_stumbles_over_a_wrong_hash(case: Case) -> None:
    data, place = verb.document(case.found, "croissant")[0], case.place / "croissant.json"
    shard = case.found.census.admission.version.content.shards[0].sha256
    try:
        place.write_bytes(data)
        assert _load(place) == case.found.census.total.items
        # Every digest but the one in its path is replaced: to validate is not to load.
        place.write_bytes(data.replace(f'"sha256": "{shard}"'.encode(), b'"sha256": "' + b"0" * 64 + b'"'))
        with pytest.raises(Exception, match="Download") as refused:
            _load(place)
        assert "hash" in str(refused.value.__cause__ or refused.value.__context__).lower()
    finally:
        place.unlink()


def test_croissant_is_1_1_with_the_rai_vocabulary_and_names_every_object_by_its_digest(case: Case) -> None:
    document = told(case, "croissant")
    assert document["conformsTo"] == ["http://mlcommons.org/croissant/1.1", "http://mlcommons.org/croissant/RAI/1.0"]
    assert {key for key in document if key.startswith("rai:")} >= {
        "rai:dataCollection", "rai:dataLimitations", "rai:dataUseCases", "rai:personalSensitiveInformation",
    }  # fmt: skip
    assert "https://spdx.org/licenses/CC-BY-4.0" in document["license"]
    assert document["usageInfo"]["name"] == "ai_generative_training"
    released = case.found.census.admission.version.content.options.get("release")
    source = document.get("prov:wasDerivedFrom", {"@id": None})["@id"]
    assert source == (f"tag:provenance.example,2026:dataset/{released['dataset']}/2" if released else None)
    found = {each["contentUrl"]: each["sha256"] for each in document["distribution"]}
    assert {path: found[path] for path in proofs(case)} == proofs(case)


# W3C PROV: read by `prov`, written again, and equal


def test_prov_is_read_and_written_again_by_its_library(case: Case) -> None:
    model = pytest.importorskip("prov.model", reason="prov is not installed")
    read = model.ProvDocument.deserialize(content=verb.document(case.found, "prov")[0].decode(), format="json")
    again = model.ProvDocument.deserialize(content=read.serialize(format="json"), format="json")
    assert again == read
    records = Counter(str(record.get_type()).rpartition(":")[2] for record in read.get_records())
    objects = len(proofs(case)) + (1 if (case.place / "ATTRIBUTION.md").exists() else 0)
    assert (records["Membership"], records["Activity"], records["Usage"]) == (objects, 2, 3)
    notation = read.get_provn()
    assert notation.startswith("document") and notation.count("hadMember(") == objects
    assert "wasDerivedFrom(ex:verdicts, ex:version, -, -, -)" in notation


# SPDX 3.0.1: `spdx-python-model` holds the classes and cardinalities of the SHACL model; the rest is from the text


def _spdx(case: Case) -> Any:
    spdx = pytest.importorskip("spdx_python_model.bindings.v3_0_1", reason="spdx-python-model is not installed")
    objects = spdx.SHACLObjectSet()
    spdx.JSONLDDeserializer().read(io.BytesIO(verb.document(case.found, "spdx")[0]), objects)
    assert objects.link() == set()  # every element that is named is there
    spdx.JSONLDSerializer().write(objects, io.BytesIO())  # types are checked on reading, cardinalities on writing
    return objects


def test_spdx_keeps_the_classes_and_cardinalities_of_its_model(case: Case) -> None:
    objects = _spdx(case)
    (package,) = objects.foreach_type("dataset_DatasetPackage")
    files = {each.name: each.verifiedUsing[0].hashValue for each in objects.foreach_type("software_File")}
    assert {path: files[path] for path in proofs(case)} == proofs(case)
    (contains,) = [each for each in objects.foreach_type("Relationship") if each.spdxId.endswith("#contains")]
    assert {each.name for each in contains.to} == files.keys() and contains.from_ is package
    assert package.dataset_datasetSize == sum(s for _, s in case.found.census.admission.version.content.proofs.values())
    (document,) = objects.foreach_type("SpdxDocument")
    assert document.rootElement[0] is package


def test_the_model_of_spdx_would_refuse_a_package_without_its_type_or_with_an_invented_word(case: Case) -> None:
    spdx = pytest.importorskip("spdx_python_model.bindings.v3_0_1", reason="spdx-python-model is not installed")
    data = verb.document(case.found, "spdx")[0]
    for changed in (data.replace(b'"image"', b'"novel"'), data.replace(b"dataset_datasetType", b"comment", 1)):
        objects = spdx.SHACLObjectSet()
        with pytest.raises((ValueError, TypeError, KeyError)):
            spdx.JSONLDDeserializer().read(io.BytesIO(changed), objects)
            spdx.JSONLDSerializer().write(objects, io.BytesIO())


def test_spdx_conforms_to_the_dataset_profile_as_the_specification_words_it(case: Case) -> None:
    graph = told(case, "spdx")["@graph"]
    (package,) = [each for each in graph if each["type"] == "dataset_DatasetPackage"]
    wanted = {"builtTime", "originatedBy", "releaseTime", "software_downloadLocation", "software_primaryPurpose"}
    assert wanted <= package.keys() and len(package["originatedBy"]) == 1
    relations = Counter(
        each["relationshipType"]
        for each in graph
        if each["type"] == "Relationship" and each["from"] == package["spdxId"]
    )
    assert (relations["hasConcludedLicense"], relations["hasDeclaredLicense"]) == (1, 1)
    (document,) = [each for each in graph if each["type"] == "SpdxDocument"]
    assert set(document["element"]) == {each["spdxId"] for each in graph if "spdxId" in each} - {document["spdxId"]}


def test_the_licence_expression_is_one_of_spdx_and_every_reference_in_it_is_explained(case: Case) -> None:
    graph = told(case, "spdx")["@graph"]
    (licence,) = [each for each in graph if each["type"] == "simplelicensing_LicenseExpression"]
    expression = licence["simplelicensing_licenseExpression"]
    assert license_problem(expression) is None and expression.startswith("CC-BY-4.0 AND LicenseRef-provenance-")
    references = set(re.findall(r"LicenseRef-\S+", expression))
    entries = {each["key"]: each["value"] for each in licence["simplelicensing_customIdToUri"]}
    assert entries.keys() == references and len(references) == 2
    ids = {each.get("spdxId") for each in graph}
    assert set(entries.values()) <= ids


# CycloneDX 1.7: the schema that ships with cyclonedx-python-lib, never the library's own model, which drops `data`


def test_cyclonedx_keeps_its_schema(case: Case) -> None:
    pytest.importorskip("cyclonedx", reason="cyclonedx-python-lib is not installed")
    from jsonschema import Draft7Validator, FormatChecker
    from referencing import Registry, Resource

    folder = resources.files("cyclonedx") / "schema/_res"
    schemas = {
        place.name: json.loads(place.read_text("utf-8"))
        for place in folder.iterdir()
        if place.name.endswith(".schema.json")
    }
    registry: Any = Registry().with_resources(
        (name, Resource.from_contents(schema))
        for file, schema in schemas.items()
        for name in {file, f"http://cyclonedx.org/schema/{file}", str(schema.get("$id"))}
    )
    schema = schemas["bom-1.7.SNAPSHOT.schema.json"]
    checker = Draft7Validator(schema, registry=registry, format_checker=FormatChecker())
    document = told(case, "cyclonedx")
    assert [error.message for error in checker.iter_errors(document)] == []
    document["components"][0]["data"][0]["type"] = "novel"
    assert not checker.is_valid(document)


def test_cyclonedx_has_a_data_component_for_every_object_and_unique_references(case: Case) -> None:
    document = told(case, "cyclonedx")
    data = {each["name"]: each["hashes"][0]["content"] for each in document["components"] if each["type"] == "data"}
    assert data == proofs(case)
    (block,) = document["metadata"]["component"]["data"]
    assert block["type"] == "dataset" and {"contents", "governance", "classification", "sensitiveData"} <= block.keys()
    references = re.findall(r'"bom-ref": "([^"]+)"', json.dumps(document))
    assert len(references) == len(set(references))
    assert re.fullmatch(r"urn:uuid:[0-9a-f-]{36}", document["serialNumber"])


# Data & Trust Alliance 1.0.0: the schema is on no package index, so its names and types are written out here


STANDARD: dict[str, dict[str, tuple[bool, Any]]] = {
    "source": {
        "version": (True, str), "title": (True, str), "id": (True, str), "location": (False, str),
        "issuer": (True, ["name"]), "description": (True, str),
    },
    "provenance": {
        "source": (False, str), "origin": (False, ["name"]), "origin-geography": (True, ["country"]),
        "date": (True, str), "previous-date": (False, str), "generation-period": (False, dict),
        "generation-method": (True, ["code"]), "format": (False, list),
    },
    "use": {
        "classification": (False, ["regulation", "evaluated"]), "consents": (False, list),
        "privacy-enhancing": (False, list), "license": (False, list), "copyright": (False, list),
        "intended-purpose": (True, ["code", "description"]), "patent": (False, list), "trademark": (False, list),
    },
}  # fmt: skip


def test_the_data_and_trust_record_has_the_names_and_types_of_version_1_0_0(case: Case) -> None:
    document = told(case, "data-trust-alliance")
    assert document.keys() - {"$schema"} == STANDARD.keys() and document["source"]["version"] == "1.0.0"
    for group, fields in STANDARD.items():
        assert document[group].keys() <= fields.keys()
        assert {name for name, (required, _) in fields.items() if required} <= document[group].keys()
        for name, value in document[group].items():
            kind = fields[name][1]
            if isinstance(kind, list):
                assert value and all(set(kind) <= each.keys() for each in value), name
            else:
                assert isinstance(value, kind), name
                assert kind is not list or all(isinstance(each, str) for each in value), name
    previous = case.found.census.admission.version.number > 1
    assert ("previous-date" in document["provenance"]) is previous


# Hugging Face: the card as the hub's own library reads it


def test_the_hub_reads_the_card(case: Case) -> None:
    from huggingface_hub import DatasetCard

    card = DatasetCard(verb.document(case.found, "hugging-face-card")[0].decode())
    data = card.data.to_dict()
    assert (data["license"], data["license_name"]) == ("other", "see-the-ledger")
    assert (data["size_categories"], data["tags"], data["modalities"]) == (["n<1K"], ["provenance"], ["image"])
    paths = [path for config in data["configs"] for part in config["data_files"] for path in part["path"]]
    assert paths == [shard.path for shard in case.found.census.admission.version.content.shards]
    assert card.text.count("Not stated") >= 3
    census = case.found.census
    cleared = sum(each.total.items for each in census.classes if each.verdict.cleared)
    assert f"| art | {census.total.items} | {cleared} | {census.total.bytes} |" in card.text


# The two statements of law, heading by heading


def test_the_california_statement_answers_the_twelve_paragraphs_in_order(case: Case) -> None:
    text = verb.document(case.found, "ca-ab-2013")[0].decode()
    found = re.findall(r"^(\d+)\. \*\*(.*?)\.\*\* (.+)$", text, re.MULTILINE)
    words = (
        "Sources or owners", "intended purpose", "Number of data points", "Types of data points",
        "copyright, trademark or patent", "Purchased or licensed", "1798.140(v)", "1798.140(b)",
        "Cleaning, processing", "Time period of collection", "first use", "Synthetic data",
    )  # fmt: skip
    assert [int(number) for number, _, _ in found] == list(range(1, 13))
    assert [word for word, (_, question, _) in zip(words, found, strict=True) if word not in question] == []
    answers = {int(number): answer for number, _, answer in found}
    assert answers[2] == answers[11] == "[to be filled in by the developer]"
    assert answers[3] == f"{len(case.found.census.admission.rows)}."
    assert "1 items are declared to show a person's likeness" in answers[7]
    assert answers[12].startswith("1 items are declared as made with generative AI")


def test_the_european_summary_has_the_headings_of_the_template_in_order(case: Case) -> None:
    text = verb.document(case.found, "eu-ai-act-53-1-d")[0].decode()
    headings = re.findall(r"^#{2,4} ((?:\d\.)+.*)$", text, re.MULTILINE)
    assert headings == [
        "1. General information",
        "1.1. Provider identification",
        "1.2. Model identification",
        "1.3. Modalities, overall training data size and other characteristics",
        "2. List of data sources",
        "2.1. Publicly available datasets",
        "2.2. Private non-publicly available datasets obtained from third parties",
        "2.2.1. Datasets commercially licensed by rightsholders or their representatives",
        "2.2.2. Private datasets obtained from other third parties",
        "2.3. Data crawled and scraped from online sources",
        "2.4. User data",
        "2.5. Synthetic data",
        "2.6. Other sources of data",
        "3. Data processing aspects",
        "3.1. Respect of reservation of rights from text and data mining exception or limitation",
        "3.2. Removal of illegal content",
        "3.3. Other information (optional)",
    ]
    assert "less than 1 million images" in text and "[to be filled in by the provider]" in text
    subject = facts.subject(case.found.census, case.found.state, Naming(naming.salt()))
    licensed = subject.bases["license"]
    assert f"{licensed} items are held under a licence or a release." in text


@pytest.mark.parametrize(
    ("value", "said"),
    [(999_999, "less than 1 million images"), (10**6, "1 million to 1 billion images"), (10**9 + 1, "more than 1 b")],
)
def test_sizes_fall_into_the_ranges_of_the_template(value: int, said: str) -> None:
    from provenance.reports.documents import ai_act

    assert ai_act._range(value, 10**6, 10**9, "1 million", "1 billion", "images").startswith(said)
