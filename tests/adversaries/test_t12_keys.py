"""T12: a stolen or swapped key, a key of another role, a weaker algorithm."""

from __future__ import annotations

import base64
import json
import os
import shutil
import stat
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from dataset_samples import AT, DATASET, publish, write_content
from studio import Studio, picture

from provenance import cli, rotation
from provenance.dataset import keyring, signing
from provenance.dataset.opening import open_dataset
from provenance.dataset.signing import PublicKey, Role, own_key
from provenance.dataset.store import Store
from provenance.dataset.trust import Trust
from provenance.dataset.version import commit_version
from provenance.model.errors import BadSignatureError, CommitError, RollbackError, SchemaError, UsageError
from provenance.model.words import Kind, canonical_json
from provenance.verify import verify


def test_a_dataset_signed_anew_by_a_stranger_does_not_pass_under_a_named_key(tmp_path: Path) -> None:
    place = tmp_path / "ds"
    publish(place, tmp_path / "stranger", {Kind.ART: range(2)})
    owner = own_key(Role.BUILD, tmp_path / "owner").public
    with pytest.raises(BadSignatureError, match="not among the trusted keys"):
        open_dataset(place, trust=Trust(tmp_path / "reader"), trusted={Role.BUILD: [owner]})


def test_first_use_is_trusted_and_said_once_and_a_named_key_needs_no_notice(tmp_path: Path) -> None:
    place = tmp_path / "ds"
    publish(place, tmp_path / "owner", {Kind.ART: range(2)})
    key = own_key(Role.BUILD, tmp_path / "owner").public
    reader = Trust(tmp_path / "reader")
    (notice,) = open_dataset(place, trust=reader).notices
    assert notice == (
        f"first use of build key {key.fingerprint}: compare it with its owner's, "
        f"or name the right one with --trusted-key build:{key.text}"
    )
    assert open_dataset(place, trust=reader).notices == ()
    trusted = signing.parse_trusted([f"build:{key.text}"])
    assert open_dataset(place, trust=Trust(tmp_path / "careful"), trusted=trusted).notices == ()
    assert open_dataset(place, trust=Trust(tmp_path / "owner")).notices == ()


def test_a_strangers_key_that_was_shown_once_is_shown_again_for_another_dataset(tmp_path: Path) -> None:
    reader = Trust(tmp_path / "reader")
    publish(tmp_path / "one", tmp_path / "stranger", {Kind.ART: range(2)})
    publish(tmp_path / "two", tmp_path / "stranger", {Kind.ART: range(2)}, dataset="e" * 64)
    assert len(open_dataset(tmp_path / "one", trust=reader).notices) == 1
    assert len(open_dataset(tmp_path / "two", trust=reader).notices) == 1


def test_a_build_key_cannot_become_a_rights_key(tmp_path: Path) -> None:
    """A stolen build key must not sign revocations away: a key that is known has its role."""
    place, home = tmp_path / "ds", tmp_path / "home"
    publish(place, home, {Kind.ART: range(2)})
    trust = Trust(home)
    open_dataset(place, trust=trust)
    (home / "keys" / "rights.pem").write_bytes((home / "keys" / "build.pem").read_bytes())
    os.chmod(home / "keys" / "rights.pem", 0o600)
    keys = keyring.publish(Store(place), DATASET, own_key(Role.RIGHTS, home), AT)
    with pytest.raises(BadSignatureError, match="a key has one role"):
        trust.accept(keys)


def test_a_rotated_key_signs_from_its_entry_on_and_the_old_one_no_longer(tmp_path: Path) -> None:
    place, home = tmp_path / "ds", tmp_path / "home"
    first = publish(place, home, {Kind.ART: range(2)})
    store, old = Store(place), own_key(Role.BUILD, home)
    new = own_key(Role.BUILD, tmp_path / "new-home")
    keys = keyring.rotate(store, old, new, first=2, at=AT)
    assert [number for number, _ in keys.periods] == [1, 2]
    assert keys.first == old.public and keys.current == new.public

    second = commit_version(store, DATASET, write_content(store, {Kind.ART: range(3)}), new, first, AT)
    assert open_dataset(place, trust=Trust(home)).head.digest == second.digest

    third = commit_version(store, DATASET, write_content(store, {Kind.ART: range(4)}), old, second, AT)
    assert third.number == 3  # the thief can write it, and nobody believes it
    with pytest.raises(BadSignatureError, match="must sign"):
        open_dataset(place, trust=Trust(home))


def test_a_rotation_that_the_old_key_did_not_sign_is_refused(tmp_path: Path) -> None:
    place, home = tmp_path / "ds", tmp_path / "home"
    publish(place, home, {Kind.ART: range(2)})
    store, thief = Store(place), own_key(Role.BUILD, tmp_path / "thief")
    keys = keyring.load(store, Role.BUILD)
    keyring._add(store, DATASET, thief, [thief, thief], 2, keys.entries[-1], AT)
    with pytest.raises(BadSignatureError, match="must sign"):
        keyring.load(store, Role.BUILD)
    with pytest.raises(BadSignatureError, match="must sign"):
        open_dataset(place, trust=Trust(home))


def test_a_rotation_that_is_taken_back_is_a_rollback_to_those_who_saw_it(tmp_path: Path) -> None:
    place, home = tmp_path / "ds", tmp_path / "home"
    publish(place, home, {Kind.ART: range(2)})
    keyring.rotate(Store(place), own_key(Role.BUILD, home), own_key(Role.BUILD, tmp_path / "new"), 2, AT)
    open_dataset(place, trust=Trust(home))
    (place / "keys" / "build" / "000002.json").unlink()
    with pytest.raises(RollbackError, match="ends at 1, and 2 was seen before"):
        open_dataset(place, trust=Trust(home))


def test_the_statement_cannot_choose_its_algorithm(tmp_path: Path) -> None:
    """An envelope over a P-256 key, an extra field that names an algorithm, and no signature at all."""
    place, home = tmp_path / "ds", tmp_path / "home"
    publish(place, home, {Kind.ART: range(2)})
    file = place / "versions" / "000001.json"
    sound = json.loads(file.read_bytes())
    payload = base64.b64decode(sound["payload"])
    weak = ec.generate_private_key(ec.SECP256R1())
    from cryptography.hazmat.primitives import hashes

    der = base64.b64encode(weak.sign(signing.pae(payload), ec.ECDSA(hashes.SHA256()))).decode()
    for signatures in (
        [{"keyid": sound["signatures"][0]["keyid"], "sig": der}],
        [sound["signatures"][0] | {"alg": "none"}],
        [],
        [sound["signatures"][0]] * 2,
        [{"keyid": "", "sig": sound["signatures"][0]["sig"]}],
    ):
        file.write_bytes(canonical_json(sound | {"signatures": signatures}) + b"\n")
        with pytest.raises(BadSignatureError):
            open_dataset(place, trust=Trust(home))


def test_an_entry_of_another_format_is_not_guessed_at(tmp_path: Path) -> None:
    place, home = tmp_path / "ds", tmp_path / "home"
    publish(place, home, {Kind.ART: range(2)})
    file = place / "versions" / "000001.json"
    payload = base64.b64decode(json.loads(file.read_bytes())["payload"])
    changed = payload.replace(b'"format":2', b'"format":3')
    assert changed != payload
    file.write_bytes(signing.seal(changed, [own_key(Role.BUILD, home)]))
    with pytest.raises(SchemaError, match="format 3, not 2"):
        open_dataset(place, trust=Trust(home))


def test_a_key_is_made_once_and_only_for_its_owner(tmp_path: Path) -> None:
    made = own_key(Role.BUILD, tmp_path)
    assert made.made
    file = tmp_path / "keys" / "build.pem"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    again = own_key(Role.BUILD, tmp_path)
    assert not again.made and again.public == made.public
    assert own_key(Role.RIGHTS, tmp_path).public != made.public


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o606, 0o660])
def test_a_key_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    own_key(Role.BUILD, tmp_path)
    os.chmod(tmp_path / "keys" / "build.pem", mode)
    with pytest.raises(UsageError, match="nobody else can read"):
        own_key(Role.BUILD, tmp_path)


def test_a_key_file_that_is_a_link_or_no_ed25519_key_is_refused(tmp_path: Path) -> None:
    own_key(Role.BUILD, tmp_path / "real")
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "build.pem").symlink_to(tmp_path / "real" / "keys" / "build.pem")
    with pytest.raises(UsageError, match="cannot be read"):
        own_key(Role.BUILD, tmp_path)
    pem = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (tmp_path / "keys" / "rights.pem").write_bytes(pem)
    os.chmod(tmp_path / "keys" / "rights.pem", 0o600)
    with pytest.raises(UsageError, match="not an Ed25519 key"):
        own_key(Role.RIGHTS, tmp_path)


def test_a_private_key_does_not_show_itself(tmp_path: Path) -> None:
    key = own_key(Role.BUILD, tmp_path)
    assert repr(key) == f"PrivateKey(role='build', {key.public.fingerprint})"


def test_a_lost_home_cannot_continue_a_dataset_under_a_new_key(tmp_path: Path) -> None:
    place = tmp_path / "ds"
    publish(place, tmp_path / "home", {Kind.ART: range(2)})
    shutil.rmtree(tmp_path / "home")
    with pytest.raises(BadSignatureError, match="yours is"):
        publish(place, tmp_path / "home", {Kind.ART: range(3)})


@pytest.mark.parametrize("text", ["build", "build:AAAA", "root:" + "A" * 43 + "=", "build:" + "A" * 42 + "B="])
def test_a_trusted_key_that_is_misspelt_is_a_usage_error(text: str) -> None:
    with pytest.raises(UsageError, match="ROLE:KEY"):
        signing.parse_trusted([text])


def test_the_dsse_encoding_is_the_one_of_the_standard() -> None:
    assert signing.pae(b"hello world") == b"DSSEv1 28 application/vnd.in-toto+json 11 hello world"
    key = PublicKey(bytes(range(32)))
    assert key.id == "630dcd2966c4336691125448bbb25b4ff412a49c732db2c8abc1b8581bd710dd"
    assert key.fingerprint == "SHA256:630d-cd29-66c4-3366-9112-5448-bbb2-5b4f"


def test_an_envelope_has_one_spelling_also_for_one_who_sees_it_first(tmp_path: Path) -> None:
    """Every change below keeps the signature right: the file is refused all the same."""
    place = tmp_path / "ds"
    publish(place, tmp_path / "home", {Kind.ART: range(2)})
    file = place / "versions" / "000001.json"
    sound = file.read_bytes()
    told = json.loads(sound)
    for at, respelt in enumerate(
        [
            sound + b"\n",
            sound[:-1],
            json.dumps(told).encode() + b"\n",
            canonical_json(told | {"note": "unsigned"}) + b"\n",
            sound.replace(b'{"payload"', b'{"payload":"","payload"', 1),
            canonical_json(told | {"payload": told["payload"] + "\n"}) + b"\n",
        ]
    ):
        file.write_bytes(respelt)
        with pytest.raises(BadSignatureError, match="is no signed statement"):
            open_dataset(place, trust=Trust(tmp_path / f"reader-{at}"))
    file.write_bytes(sound)
    assert open_dataset(place, trust=Trust(tmp_path / "reader")).head.number == 1


def test_a_person_rotates_a_key_and_the_stolen_one_signs_nothing_any_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PROVENANCE_HOME", str(tmp_path / "home"))
    one, other = (Studio(tmp_path / name) for name in ("one", "other"))
    for studio in (one, other):
        studio.add("a.png", picture(0))
        studio.record("**")
        studio.build()
    for version, role in enumerate((Role.BUILD, Role.RIGHTS), 2):
        stolen = own_key(role)
        assert cli.run(["init", "--rotate", role.value, str(one.dataset)]) == 0
        assert f"the {role} key is {own_key(role).public.fingerprint}" in capsys.readouterr().out
        assert own_key(role).public != stolen.public
        for studio in (one, other):
            studio.add(f"{role}.png", picture(version))
            studio.record(f"{role}.png")
        assert one.build().version == version
        assert verify(one.dataset, trust=Trust(tmp_path / f"before {role}")).sound
        # The other dataset was not at hand: it asks for the rotation, and is then moved to the same new key.
        with pytest.raises(BadSignatureError) as told:
            other.build()
        assert f"provenance init --rotate {role}" in str(told.value)
        assert cli.run(["init", "--rotate", role.value, str(other.dataset)]) == 0
        assert other.build().version == version
        keys = [keyring.load(Store(studio.dataset), role) for studio in (one, other)]
        assert {each.current for each in keys} == {own_key(role).public}
        assert cli.run(["init", "--rotate", role.value]) == 2
        # What the thief signs from here on is not believed.
        place = sorted((one.dataset / {"build": "versions", "rights": "ledger"}[role]).iterdir())[-1]
        sound = place.read_bytes()
        place.chmod(0o644)
        place.write_bytes(signing.seal(base64.b64decode(json.loads(sound)["payload"]), [stolen]))
        assert not verify(one.dataset, trust=Trust(tmp_path / f"after {role}")).sound
        place.write_bytes(sound)


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    monkeypatch.setenv("PROVENANCE_HOME", str(tmp_path / "home"))
    for name in ("one", "two"):
        publish(tmp_path / name, tmp_path / "home", {Kind.ART: range(2)})
    return [tmp_path / "one", tmp_path / "two"]


@pytest.mark.parametrize("step", ["the first dataset", "the old key"])
def test_a_rotation_that_is_cut_off_is_ended_by_running_it_again(
    places: list[Path], monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    old, whole, done = own_key(Role.BUILD), rotation._rotate, list[object]()

    def cut(*how: object) -> None:
        if done or step == "the old key":
            raise KeyboardInterrupt
        done.append(whole(*how))  # type: ignore[arg-type]

    with monkeypatch.context() as during:
        during.setattr(rotation, "_rotate" if step == "the first dataset" else "_retire", cut)
        with pytest.raises(KeyboardInterrupt):
            rotation.rotate("build", places)
    assert own_key(Role.BUILD).public == old.public
    ended = rotation.rotate("build", places)
    assert len(ended.changed) == (1 if step == "the first dataset" else 0)
    assert own_key(Role.BUILD).public == ended.new != old.public
    assert {keyring.load(Store(place), Role.BUILD).current for place in places} == {ended.new}
    assert sorted(each.name for each in (signing.home() / "keys").glob("build*")) == [
        f"build.{old.public.id[:16]}.old.pem",
        "build.pem",
    ]


def test_a_rights_key_is_not_replaced_while_something_is_signed_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PROVENANCE_HOME", str(tmp_path / "home"))
    studio = Studio(tmp_path / "studio")
    studio.add("a.png", picture(0))
    studio.record("**")
    studio.build()
    rotate = ["init", "--rotate", "rights", str(studio.dataset)]
    revoke = ["rights", "revoke", str(studio.dataset), "--work", "Lantern", "--effective", "2026-11-01", "--by", "desk"]
    revoke += ["--why", "asked"]
    whole, refused = keyring.publish, list[int]()

    def meanwhile(*given: Any) -> Any:
        # The key has been read, and nothing is signed yet.
        found = whole(*given)
        if not refused:
            refused.append(cli.run(rotate))
        return found

    with monkeypatch.context() as during:
        during.setattr(keyring, "publish", meanwhile)
        assert cli.run(revoke) == 0
    assert refused == [CommitError.exit_code]
    assert "is using it" in capsys.readouterr().err
    assert verify(studio.dataset).sound
    with Store(studio.dataset).alone():
        assert cli.run(revoke) == CommitError.exit_code
    assert cli.run(rotate) == 0 and cli.run(revoke) == 0
    assert verify(studio.dataset).sound


def test_a_dataset_of_somebody_else_is_not_rotated(places: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROVENANCE_HOME", str(signing.home().parent / "mine"))
    with pytest.raises(BadSignatureError, match="which is not yours"):
        rotation.rotate("build", places)
    assert all(keyring.load(Store(place), Role.BUILD).current != own_key(Role.BUILD).public for place in places)
    with pytest.raises(UsageError, match="signs no chain"):
        rotation.rotate("train", places)
