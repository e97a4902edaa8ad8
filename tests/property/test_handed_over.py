"""What an init system, or somebody in its place, says in variables: nothing of it brings a process down."""

from __future__ import annotations

import json
import subprocess
import sys

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

#: Takes everything over that each of many environments announces, as the runner does, and opens what it needs anew.
PROGRAM = """
import json, os, socket, sys
from types import SimpleNamespace
from svcctl.application import keeping
from svcctl.application.servers import sockets
from svcctl.endpoints.values import Tcp, Unix
from svcctl.runtime import activation, notify, store, succeeding
from svcctl.runtime.machine import Phase

NUMBERS = range(3, 11)
for environ in json.load(sys.stdin):
    for number in NUMBERS:
        made = socket.socket(*((socket.AF_INET, socket.SOCK_STREAM), (socket.AF_UNIX, socket.SOCK_DGRAM))[number % 2])
        if number % 4 == 0:
            made.listen()
        memory = os.memfd_create("x")
        os.write(memory, b"content")
        os.dup2(memory if number > 8 else made.fileno(), number)
        os.close(memory) if memory not in NUMBERS else None
        made.detach() if made.fileno() in NUMBERS else made.close()
    environ = {name: value.replace("self", str(os.getpid())) for name, value in environ.items()}
    asked = dict(environ)
    os.environ.update({name: value for name, value in asked.items() if "\\0" not in value})
    notifier = notify.from_environment(environ if notify.UPGRADE in environ else os.environ)
    left = []
    found = activation.from_environment(environ, lambda *each: left.append(each))
    process = SimpleNamespace(notifier=notifier, state=SimpleNamespace(phase=Phase.STARTING))
    kept = store.store_of(process, environ.pop("FDSTORE", "0"), left)
    store.open_store(kept)
    for endpoint in (Tcp(80), Unix("/x")):
        taken = kept.take(endpoint)
        if taken is not None:
            assert taken.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
            taken.socket.close()
    for name in ("a", "b"):
        value = keeping.kept("shop", name)
        if isinstance(value, socket.socket):
            value.close()
        keeping.keep("shop", name, b"new")
        keeping.drop("shop", name)
    kept.begin()
    assert not any(name in environ for name in activation.VARIABLES), environ
    for _, sock in found:
        sock.close()
    notifier.close()
    sockets.leave_to(None)
    keeping.keep_with(None)
    for number in NUMBERS:
        try:
            os.close(number)
        except OSError:
            pass
"""

NOISE = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)
COUNTS = st.one_of(
    NOISE, st.integers(-3, 12).map(str), st.sampled_from(("8", "65536", "65537", "9" * 50, "+3", "0x3"))
)
KEYS = st.sampled_from(
    (
        "listen/tcp-80", "listen/tcp-80~1.2", "listen/unix-_2fx~1.2", "listen/", "listen/~", "lock/unix-_2fx", "lock/",
        "keep/shop/a~0", "keep/shop/a~1", "keep/shop/a~-1", "keep/shop/a~", "keep/shop/b", "state/shop/a~9" + "9" * 60,
        "state/shop/a~\u0663", "state/shop/b~0", "state/", "keep", "tcp-80", "",
    )
)  # fmt: skip
NAMES = st.lists(st.one_of(KEYS, KEYS, NOISE), max_size=10).map(":".join)
ENVIRONMENTS = st.fixed_dictionaries(
    {},
    optional={
        "LISTEN_FDS": COUNTS,
        "LISTEN_PID": st.one_of(st.just("self"), st.just("self"), COUNTS),
        "LISTEN_FDNAMES": NAMES,
        "LISTEN_PIDFDID": NOISE,
        "FDSTORE": COUNTS,
        "NOTIFY_SOCKET": st.one_of(
            NOISE, st.sampled_from(("/", "@", "@x", "/dev/null", "vsock:1:2", "/" + "x" * 200))
        ),
        "SVCCTL_UPGRADE": COUNTS,
    },
)
#: Everything announces what is there, so that names and kinds matter.
DEEP = st.builds(
    lambda names, store: {"LISTEN_FDS": "8", "LISTEN_PID": "self", "LISTEN_FDNAMES": names, "FDSTORE": store},
    st.lists(KEYS, min_size=8, max_size=8).map(":".join),
    st.sampled_from(("0", "3", "100")),
)


@given(st.lists(st.one_of(ENVIRONMENTS, DEEP), min_size=20, max_size=60))
@settings(max_examples=15, suppress_health_check=list(HealthCheck))
def test_whatever_is_announced_is_used_or_refused(environments: list[dict[str, str]]) -> None:
    """Without an error, and without anything left in the environment."""
    ran = subprocess.run(
        [sys.executable, "-P", "-W", "ignore::ResourceWarning", "-c", PROGRAM],
        input=json.dumps(environments),
        capture_output=True,
        text=True,
        check=False,
        close_fds=True,
    )
    assert ran.returncode == 0, ran.stderr[-3000:]
