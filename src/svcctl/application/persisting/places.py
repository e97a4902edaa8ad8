"""Where the init system and the user want state, keys and secrets to be: the environment is read here alone."""

from __future__ import annotations

import os

from svcctl.posix import geteuid

#: The key's name as a credential.
KEY_CREDENTIAL = "svcctl-state-key"
#: The key's name in a state folder.
STATE_KEY = "svcctl-state.key"
#: The key's name in the folder of svcctl.
OWN_KEY = "state.key"


def given_folder() -> str | None:
    """Return the state folder that the init system has made for this service, ``None`` if there is none.

    The first one, if there are several. Source: systemd.exec(5), ``StateDirectory=``.
    """
    return os.environ.get("STATE_DIRECTORY", "").partition(":")[0] or None


def state_folder() -> str:
    """Return the folder that state is saved to: the one given, else the working directory."""
    return given_folder() or "."


def own_folder() -> str:
    """Return the folder of svcctl itself, for what belongs to this machine and user.

    Source: the XDG base directory specification, ``$XDG_STATE_HOME``.
    """
    if geteuid() == 0:
        return "/var/lib/svcctl"
    home = os.environ.get("XDG_STATE_HOME", "")
    return f"{home if home.startswith('/') else os.path.expanduser('~/.local/state')}/svcctl"  # noqa: PTH111 (paths are texts here)


def make_own_folder() -> None:
    """Make the folder of svcctl if it is not there.

    That of a user is for nobody else; in the machine's, everybody may look up what is installed.
    """
    folder = own_folder()
    if not os.path.isdir(folder):  # noqa: PTH112 (paths are texts here)
        os.makedirs(folder, mode=0o700, exist_ok=True)  # noqa: PTH103 (the same)
        if geteuid() == 0:
            os.chmod(folder, 0o755)  # noqa: PTH101, S103 (the same; as /var/lib is)


def credential(name: str) -> str | None:
    """Return the path of a credential, ``None`` if the init system gave none of that name.

    Source: systemd.exec(5), ``LoadCredential=``.
    """
    folder = os.environ.get("CREDENTIALS_DIRECTORY", "")
    path = f"{folder}/{name}"
    return path if folder and os.path.lexists(path) else None


def take_variable(name: str) -> str | None:
    """Return a variable and take it out, so that no child process inherits it."""
    return os.environ.pop(name, None)
