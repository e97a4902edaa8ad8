"""Who this process runs as, and who may do what with something; only Windows can import this.

Source: "Access Control" on learn.microsoft.com.
"""

from __future__ import annotations

import contextlib
import ctypes
from collections.abc import Iterator
from ctypes import byref, c_int32, c_uint32, c_void_p, c_wchar_p

from svcctl.windows.declaring import declare, windows

_TOKEN_QUERY, _TOKEN_USER = 0x8, 1
_LONGEST_USER = 256
_REVISION = 1

_kernel32 = windows.WinDLL("kernel32", use_last_error=True)
_advapi32 = windows.WinDLL("advapi32", use_last_error=True)

_own_process = declare(_kernel32, "GetCurrentProcess", c_void_p)
_close_handle = declare(_kernel32, "CloseHandle", c_int32, c_void_p, failed=None)
local_free = declare(_kernel32, "LocalFree", c_void_p, c_void_p, failed=None)
_open_token = declare(_advapi32, "OpenProcessToken", c_int32, c_void_p, c_uint32, c_void_p)
token_information = declare(
    _advapi32, "GetTokenInformation", c_int32, c_void_p, c_int32, c_void_p, c_uint32, c_void_p
)
_text_of_sid = declare(_advapi32, "ConvertSidToStringSidW", c_int32, c_void_p, c_void_p)
_descriptor_of = declare(
    _advapi32, "ConvertStringSecurityDescriptorToSecurityDescriptorW", c_int32, c_wchar_p, c_uint32, c_void_p, c_void_p
)  # fmt: skip
set_named_security = declare(
    _advapi32, "SetNamedSecurityInfoW", c_uint32, c_wchar_p, c_int32, c_uint32, c_void_p, c_void_p, c_void_p,
    c_void_p, failed=bool, error=int,
)  # fmt: skip


@contextlib.contextmanager
def own_token(access: int) -> Iterator[int]:
    """Give the token of this process, opened for these rights to it.

    Raises:
        OSError: Windows refuses it.
    """
    token = c_void_p()
    _open_token(_own_process(), access, byref(token))
    try:
        yield token.value or 0
    finally:
        _close_handle(token)


def own_user() -> str:
    """Return the security identifier of whom this process runs as.

    Raises:
        OSError: Windows does not tell.
    """
    with own_token(_TOKEN_QUERY) as token:
        found = ctypes.create_string_buffer(_LONGEST_USER)
        token_information(token, _TOKEN_USER, found, len(found), byref(c_uint32()))
        return text_of(c_void_p.from_buffer(found))


def text_of(sid: c_void_p) -> str:
    """Return a security identifier as text: ``S-1-5-18``.

    Raises:
        OSError: It is none.
    """
    text = c_wchar_p()
    _text_of_sid(sid, byref(text))
    try:
        return str(text.value)
    finally:
        local_free(text)


@contextlib.contextmanager
def descriptor(rights: str) -> Iterator[c_void_p]:
    """Give rights as Windows has them in memory.

    Args:
        rights: Who may do what, in Microsoft's language for that.

    Raises:
        OSError: They are not in that language.
    """
    found = c_void_p()
    _descriptor_of(rights, _REVISION, byref(found), None)
    try:
        yield found
    finally:
        local_free(found)
