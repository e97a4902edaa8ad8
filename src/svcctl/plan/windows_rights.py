"""Who may do what in the folders of a service of Windows.

A service that has a SID of its own carries it whatever account it runs as, so its folders are its alone. Sources:
MS-SDDL "Security Descriptor Description Language", ``sc showsid``, "Service SIDs" on learn.microsoft.com.
"""

from __future__ import annotations

import struct
from hashlib import sha1

#: Accounts that have no profile of their own which they could read programs from.
_BUILT_IN = ("nt service\\", "nt authority\\")

#: Read, write, run and delete, but neither change rights nor take ownership.
_MODIFY = "0x1301bf"


def service_sid(name: str) -> str:
    """Return the SID of a service: it follows from its name, so it is known before there is a service.

    Example:
        >>> service_sid("TrustedInstaller")
        'S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464'
    """
    digest = sha1(name.upper().encode("utf-16-le"), usedforsecurity=False).digest()
    return "-".join(("S-1-5-80", *map(str, struct.unpack("<5I", digest))))


def folder_rights(name: str) -> str:
    """Return the security descriptor of a service's folder: administrators' and Windows' own, and the service may change what is in it.

    Nothing is inherited from the folder it is in.

    Example:
        >>> folder_rights("TrustedInstaller").partition(";;;S-")[0]
        'O:BAG:BAD:PAI(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;0x1301bf'
    """
    own = f"(A;OICI;{_MODIFY};;;{service_sid(name)})"
    return f"O:BAG:BAD:PAI(A;OICI;FA;;;SY)(A;OICI;FA;;;BA){own}"


def reads_profiles(account: str) -> bool:
    """Return whether an account may be able to read what lies in the profile of a user."""
    return not account.lower().startswith(_BUILT_IN)
