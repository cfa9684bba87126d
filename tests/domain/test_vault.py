"""The vault opens only what it sealed, in the place it was sealed for, with the right keys."""

import os

import pytest

from services.referral.vault import Unreadable, Vault, seal, unseal
from shared.ids import new_id

CLIENT = new_id()


def a_vault() -> Vault:
    return Vault(os.urandom(32), os.urandom(32))


def test_what_is_sealed_opens_again_and_can_not_be_read_in_between() -> None:
    key, _ = a_vault().new_key(CLIENT)
    sealed = seal(key, {"name": "Someone"}, "client:1")
    assert b"Someone" not in sealed
    assert unseal(key, sealed, "client:1") == {"name": "Someone"}


def test_the_same_value_never_looks_the_same() -> None:
    key, _ = a_vault().new_key(CLIENT)
    assert seal(key, "x", "p") != seal(key, "x", "p")


def test_a_value_moved_to_another_place_does_not_open() -> None:
    key, _ = a_vault().new_key(CLIENT)
    with pytest.raises(Unreadable):
        unseal(key, seal(key, "x", "referral:1"), "referral:2")


def test_a_damaged_value_does_not_open() -> None:
    key, _ = a_vault().new_key(CLIENT)
    sealed = bytearray(seal(key, "x", "p"))
    sealed[-1] ^= 1
    with pytest.raises(Unreadable):
        unseal(key, bytes(sealed), "p")


def test_a_key_unwraps_only_under_its_master_key_and_for_its_client() -> None:
    vault = a_vault()
    key, wrapped = vault.new_key(CLIENT)
    assert key not in wrapped
    assert vault.unwrap(CLIENT, wrapped) == key
    with pytest.raises(Unreadable):
        vault.unwrap(new_id(), wrapped)
    with pytest.raises(Unreadable, match="another master key"):
        a_vault().unwrap(CLIENT, wrapped)


def test_digests_depend_on_the_key_and_on_where_the_parts_divide() -> None:
    vault = a_vault()
    assert vault.digest("a", "bc") == vault.digest("a", "bc")
    assert vault.digest("a", "bc") != vault.digest("ab", "c")
    assert vault.digest("a", "bc") != a_vault().digest("a", "bc")
