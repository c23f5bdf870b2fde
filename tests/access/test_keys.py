"""Keys: made once, kept as a hash, in a file for its owner alone."""

from __future__ import annotations

import hashlib
import json
import os
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from geoplan_api.rate import Rate, of_address

from geoplan.access import KeyFile, key_file, new_secret
from geoplan.errors import KeyNameTaken, KeyNotFound, KeysUnreadable


@pytest.fixture
def keys(tmp_path: Path) -> KeyFile:
    return KeyFile(tmp_path / "plan.keys.json")


def test_the_file_holds_a_hash_and_is_for_its_owner_alone(keys: KeyFile) -> None:
    secret = keys.add("anna", "editor", ("highways",))
    text = keys.path.read_text(encoding="utf-8")
    assert secret not in text
    assert secret.removeprefix("gpk_") not in text
    assert hashlib.sha256(secret.encode()).hexdigest() in text
    assert stat.S_IMODE(keys.path.stat().st_mode) == 0o600
    found = keys.find(secret)
    assert found is not None
    assert (found.name, found.role, found.layers) == ("anna", "editor", ("highways",))
    assert keys.find(secret[:-1]) is None
    assert keys.find(found.sha256) is None


def test_secrets_are_256_random_bits() -> None:
    made = {new_secret() for _ in range(100)}
    assert len(made) == 100
    assert all(len(one) == len("gpk_") + 43 for one in made)


def test_a_name_is_taken_once_and_revoked_once(keys: KeyFile) -> None:
    first = keys.add("anna", "viewer")
    with pytest.raises(KeyNameTaken):
        keys.add("anna", "admin")
    second = keys.add("ben", "viewer")
    keys.revoke("anna")
    assert keys.find(first) is None
    assert keys.find(second) is not None
    with pytest.raises(KeyNotFound, match="there are: ben"):
        keys.revoke("anna")


def test_keys_made_at_the_same_time_are_all_there(keys: KeyFile) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: KeyFile(keys.path).add(f"k{n}", "viewer"), range(24)))
    assert {key.name for key in keys.all()} == {f"k{n}" for n in range(24)}


def test_another_program_s_change_counts_at_once(keys: KeyFile) -> None:
    keys.add("anna", "viewer")
    assert len(keys.all()) == 1
    secret = KeyFile(keys.path).add("ben", "viewer")
    assert keys.find(secret) is not None


@pytest.mark.parametrize("text", ["", "{", '{"keys": [{"name": "x"}]}', '{"key": []}', "[]"])
def test_a_damaged_file_is_named_and_lets_nobody_in(keys: KeyFile, text: str) -> None:
    secret = keys.add("anna", "viewer")
    keys.path.write_text(text, encoding="utf-8")
    with pytest.raises(KeysUnreadable, match=r"plan\.keys\.json"):
        keys.find(secret)


def test_a_file_that_others_can_read_is_refused(keys: KeyFile) -> None:
    secret = keys.add("anna", "viewer")
    assert keys.find(secret) is not None
    keys.path.chmod(0o640)
    with pytest.raises(KeysUnreadable, match="chmod 600"):
        keys.find(secret)


def test_the_file_stands_beside_the_plan_not_in_it(tmp_path: Path) -> None:
    assert key_file(tmp_path / "plan") == tmp_path / "plan.keys.json"
    assert key_file(tmp_path / "plan", Path("/etc/k.json")) == Path("/etc/k.json")


def _geoplan(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "geoplan.cli", *arguments],
        env={**os.environ, "GEOPLAN_LANG": "en", **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_the_commands_make_list_and_revoke(town_dir: Path, tmp_path: Path) -> None:
    own = {"GEOPLAN_PLAN": str(town_dir), "GEOPLAN_KEYS": str(tmp_path / "keys.json")}
    made = _geoplan("key", "add", "anna", "--role", "editor", "--layer", "highways", **own)
    assert made.returncode == 0, made.stderr
    secret = made.stdout.strip()
    found = KeyFile(tmp_path / "keys.json").find(secret)
    assert found is not None
    assert found.role == "editor"
    listed = _geoplan("key", "list", "--json", **own)
    (one,) = json.loads(listed.stdout)
    assert (one["name"], one["layers"]) == ("anna", ["highways"])
    assert "sha256" not in one
    assert secret not in listed.stdout
    assert _geoplan("key", "revoke", "anna", **own).returncode == 0
    assert KeyFile(tmp_path / "keys.json").all() == ()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["x", "--role", "king"], "known: viewer, editor, admin"),
        (["x", "--layer", "none"], "LayerNotFound"),
        (["../x"], "NAME"),
    ],
)
def test_wrong_keys_are_refused_in_words(
    town_dir: Path, tmp_path: Path, arguments: list[str], told: str
) -> None:
    own = {"GEOPLAN_PLAN": str(town_dir), "GEOPLAN_KEYS": str(tmp_path / "keys.json")}
    answer = _geoplan("key", "add", *arguments, **own)
    assert answer.returncode == 2
    assert told in answer.stderr
    assert not (tmp_path / "keys.json").exists()


def test_a_bucket_fills_as_time_goes_by() -> None:
    now = [100.0]
    rate = Rate(2, 4, clock=lambda: now[0])
    assert [rate.wait("a") for _ in range(5)] == [0, 0, 0, 0, 1]
    assert rate.wait("b") == 0
    now[0] += 0.49
    assert rate.wait("a") == 1
    now[0] += 0.02
    assert [rate.wait("a"), rate.wait("a")] == [0, 1]
    now[0] += 3600
    assert [rate.wait("a") for _ in range(5)] == [0, 0, 0, 0, 1]
    assert [Rate(0, 1).wait("a") for _ in range(9)] == [0] * 9


def test_an_ipv6_subscriber_is_one_address() -> None:
    assert of_address("2001:db8::1") == of_address("2001:db8::ffff:1")
    assert of_address("2001:db8:0:1::1") != of_address("2001:db8::1")
    assert of_address("10.0.0.1") == "10.0.0.1"
    assert of_address("anonymous") == "anonymous"
