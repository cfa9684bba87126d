"""Addresses of Redis: what is meant by them, and what is said of one that cannot be used, without repeating it."""

import re
from pathlib import Path

import pytest

from shared.redis_address import read_address
from tests.flows.certificates import Authority


@pytest.mark.parametrize(
    ("url", "hosts", "name", "database"),
    [
        ("redis://h", (("h", 6379),), "", 0),
        ("redis://h:7/2", (("h", 7),), "", 2),
        ("redis://[::1]:7/", (("::1", 7),), "", 0),
        ("rediss://h/1", (("h", 6379),), "", 1),
        ("redis+sentinel://a,b:7/main", (("a", 26379), ("b", 7)), "main", 0),
        ("rediss+sentinel://[::1]:7,[::2]/ma%2Fin/3", (("::1", 7), ("::2", 26379)), "ma/in", 3),
    ],
)
def test_an_address_names_a_server_or_its_sentinels(
    url: str, hosts: tuple[tuple[str, int], ...], name: str, database: int
) -> None:
    found = read_address(url)
    assert (found.hosts, found.name, found.login["db"]) == (hosts, name, database)
    assert (found.tls is not None) == url.startswith("rediss")


def test_passwords_are_read_as_addresses_write_them_and_shown_to_nobody() -> None:
    found = read_address("redis+sentinel://us%40er:SE%2FCRET@h/main?sentinel_username=w&sentinel_password=SE%26CRET2")
    assert found.login == {"username": "us@er", "password": "SE/CRET", "db": 0}
    assert found.sentinel_login == {"username": "w", "password": "SE&CRET2"}
    assert "SE" not in repr(found)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        *((f"{wrong}", "must look like redis://") for wrong in ("SECRET", "http://SECRET@h", "redis://:SECRET@/0")),
        *(
            (f"redis://:SECRET@{wrong}", "must look like redis://")
            for wrong in ("h:x", "h/x", "h/0/1", "a,b/0", "h#/0")
        ),
        ("redis+sentinel://:SECRET@h", "must look like redis://"),
        ("redis+other://:SECRET@h/main", "must look like redis://"),
        ("redis://:SECRET@h?ssl_ca_certs=/ca.pem", "takes rediss://"),
        ("redis://:SECRET@h?sentinel_password=SECRET", "takes an address of Sentinels"),
        ("rediss://:SECRET@h?ssl_cert_reqs=SECRET", "not known. Known here: ssl_ca_certs, ssl_certfile, ssl_keyfile"),
        ("rediss://:SECRET@h?ssl_check_hostname=SECRET", "neither true nor false"),
        ("rediss://:SECRET@h?ssl_keyfile=/key.pem", "needs ssl_certfile too"),
        ("rediss://:SECRET@h?ssl_ca_certs=ca.pem", "names ca.pem: write the whole path"),
        ("rediss://:SECRET@h?ssl_ca_certs=/nowhere.pem", "names /nowhere.pem, which cannot be used: No such file"),
        (f"rediss://:SECRET@h?ssl_ca_certs={__file__}", "not such a file (PEM)"),
        (f"rediss://:SECRET@h?ssl_certfile={__file__}", "not such a file (PEM)"),
    ],
)
def test_an_address_that_cannot_be_used_is_refused_in_words(url: str, said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)) as refused:
        read_address(url)
    assert "SECRET" not in str(refused.value)


def test_a_certificate_and_the_key_of_another_one_are_refused(tmp_path: Path) -> None:
    own = Authority(tmp_path)
    one, other = own.certificate("one"), own.certificate("other")
    assert read_address(f"rediss://h?ssl_certfile={one}&ssl_keyfile={one}&ssl_ca_certs={own.file}").tls
    with pytest.raises(ValueError, match="which cannot be used"):
        read_address(f"rediss://h?ssl_certfile={one}&ssl_keyfile={other}")
