"""Who may do what in Redis: each service its own stream, and of the others' no more than reading needs."""

import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from redis import Redis
from redis.exceptions import AuthenticationError, NoPermissionError, ResponseError

from luotsi.embedded.servers import Servers
from luotsi.platform.redis_acl import USERS, acl_rules
from shared.services import dead_stream, get_service, service_names, streams

Act = Callable[[str], Any]

ENTRY = {"__data__": "{}"}
OWN_AND_FOREIGN = [(service, stream) for service in service_names() for stream in streams()]
READING = [(service, stream) for service in service_names() for stream in get_service(service).reads]


@pytest.fixture
def act(servers: Servers) -> Iterator[Act]:
    """A connection as one user, to a server with every stream in it."""
    clients: dict[str, Any] = {user: Redis.from_url(url) for user, url in servers.redis_urls.items()}
    for stream in streams():
        clients["operator"].xadd(stream, ENTRY)
    yield clients.__getitem__
    for client in clients.values():
        client.close()


@pytest.mark.parametrize(("service", "stream"), OWN_AND_FOREIGN)
def test_only_its_producer_adds_to_a_stream_and_trims_it(act: Act, service: str, stream: str) -> None:
    def add_and_trim() -> None:
        act(service).xadd(stream, ENTRY)
        act(service).xtrim(stream, maxlen=1000)

    if get_service(service).stream == stream:
        add_and_trim()
    else:
        with pytest.raises(NoPermissionError):
            act(service).xadd(stream, ENTRY)
        with pytest.raises(NoPermissionError):
            act(service).xtrim(stream, maxlen=0)


@pytest.mark.parametrize(("service", "stream"), READING)
def test_a_consumer_reads_acknowledges_claims_and_writes_dead_letters(act: Act, service: str, stream: str) -> None:
    redis, group = act(service), f"{service}-trial"
    redis.xgroup_create(stream, group, id="0")
    [[_, entries]] = redis.xreadgroup(group, "one", {stream: ">"}, count=1)
    redis.xautoclaim(stream, group, "two", min_idle_time=0)
    with redis.pipeline(transaction=True) as pipe:
        pipe.xadd(dead_stream(stream, service), ENTRY)
        pipe.xack(stream, group, entries[0][0])
        assert pipe.execute()[1] == 1
    redis.xgroup_delconsumer(stream, group, "two")
    assert redis.eval("return #redis.call('XINFO', 'CONSUMERS', KEYS[1], ARGV[1])", 1, stream, group) == 1


@pytest.mark.parametrize("service", service_names())
def test_a_service_touches_nothing_else(act: Act, service: str) -> None:
    foreign = [stream for stream in streams() if stream not in get_service(service).reads]
    forbidden = [
        ("GET", "anything"),
        *(("DEL", stream) for stream in streams()),
        ("FLUSHALL",),
        ("CONFIG", "GET", "*"),
        ("ACL", "LIST"),
        ("KEYS", "*"),
        ("PUBLISH", "channel", "message"),
        *(("XREADGROUP", "GROUP", service, "one", "STREAMS", stream, ">") for stream in foreign),
    ]
    for command in forbidden:
        with pytest.raises(NoPermissionError):
            act(service).execute_command(*command)
    with pytest.raises(ResponseError, match=r"NOPERM|permission"):
        act(service).eval("return redis.call('FLUSHALL')", 0)


def test_nobody_comes_in_without_a_name(servers: Servers) -> None:
    anonymous: Any = Redis.from_url("redis://" + servers.redis_urls["operator"].rpartition("@")[2])
    with pytest.raises(AuthenticationError):
        anonymous.ping()


@pytest.mark.parametrize("password", ["''", "default", "operator's"])
@pytest.mark.parametrize("login", ["AUTH {}", "AUTH default {}", "HELLO 3 AUTH default {}"])
def test_nobody_comes_in_as_the_default_user(servers: Servers, login: str, password: str) -> None:
    """The server replays its file as that user, who therefore may do all, and whom no password lets in."""
    name, _, place = servers.redis_urls["operator"].removeprefix("redis://").rpartition("@")
    host, _, port = place.partition("/")[0].partition(":")
    given = name.partition(":")[2] if password == "operator's" else password
    with socket.create_connection((host, int(port)), 5) as link, link.makefile("rwb", buffering=0) as lines:
        for command, answer in ((login.format(given), b"-WRONGPASS"), (f"XLEN {streams()[0]}", b"-NOAUTH")):
            lines.write(f"{command}\r\n".encode())
            assert lines.readline().startswith(answer)


def test_the_default_user_is_off_and_has_no_password(act: Act) -> None:
    who = act("operator").acl_getuser("default")
    assert "off" in who["flags"]
    assert "nopass" not in who["flags"]
    assert who["passwords"] == []
    assert not who["channels"]
    assert who["categories"] == ["+@all"], "or Redis 8 refuses to replay transactions and scripts"
    assert who["keys"] == ["~*"]


def test_who_leaves_a_name_is_nobody_again(servers: Servers) -> None:
    """RESET makes a connection one of the default user's."""
    link: Any = Redis.from_url(servers.redis_urls["operator"], single_connection_client=True)
    link.execute_command("RESET")
    with pytest.raises(AuthenticationError):
        link.execute_command("XLEN", streams()[0])
    link.close()


def test_there_is_a_rule_for_every_user() -> None:
    rules = acl_rules(dict.fromkeys(USERS, "secret"))
    assert [rule.split()[1] for rule in rules] == ["default", *USERS]
