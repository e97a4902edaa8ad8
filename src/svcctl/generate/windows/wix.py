r"""The source of an installer, for wixl: a bundle of files, and the service that runs in it.

The service's program has to be a file of the installer, so the bundle has the interpreter. Its folder is fixed when the
source is made, because the definition names it. What wixl cannot write, as recovery actions, is left to the defaults of
Windows. Source: WiX 3's schema as far as wixl(1) of msitools knows it.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence

from svcctl.generate.windows.markup import comment, element
from svcctl.generate.windows.options import WindowsOptions
from svcctl.manifest.model import ApplicationInfo
from svcctl.plan.command_line import quote
from svcctl.plan.windows import (
    DEFINITION_VALUE,
    PARAMETERS_KEY,
    RECEIPT_VALUE,
    WindowsReceipt,
    encode_definition,
    encode_receipt,
)

#: Where names of ours begin; an address that nobody has to reach.
_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "urn:svcctl:windows")
_SCHEMA = "http://schemas.microsoft.com/wix/2006/wi"
_FOLDER = "InstallFolder"  # with small letters, so that nobody sets it on a command line
_LONGEST_PART = 255


def wix(receipt: WindowsReceipt, info: ApplicationInfo, options: WindowsOptions) -> str:
    """Return the source; the bundle's files are expected in ``files`` beside it.

    Installers of the same content are the same product, others one that takes its place.
    """
    service = receipt.service
    product = {
        "Name": plain(service.display_name),
        "Version": version(info.version),
        "Manufacturer": plain(info.maintainer or service.display_name),
        "Language": "1033",
        "UpgradeCode": _identity("product", service.name),
    }
    main = options.interpreter[len(options.directory) + 1 :].replace("\\", "/")
    components = {
        path: _component(path, options.directory, receipt if path == main else None)
        for path in sorted(file.path for file in options.bundle)
    }
    folders = element(
        "Directory",
        {"Id": "TARGETDIR", "Name": "SourceDir"},
        element("Directory", {"Id": _FOLDER, "Name": service.name}, *_tree(components, "")),
    )
    references = (element("ComponentRef", {"Id": _id("c", path)}) for path in components)
    inner = (
        element("Package", {"InstallerVersion": "500", "Compressed": "yes", "InstallScope": "perMachine"}),
        *_upgrade(product),
        element("Media", {"Id": "1", "Cabinet": "files.cab", "EmbedCab": "yes"}),
        element("Property", {"Id": _FOLDER, "Value": f"{options.directory}\\"}),
        *(
            element("Property", {"Id": "ARPURLINFOABOUT", "Value": plain(info.homepage)})
            for _ in info.homepage[:1]
        ),
        folders,
        element("Feature", {"Id": "Service", "Level": "1"}, *references),
    )
    contents = "".join(f"{file.digest} {file.path}\n" for file in sorted(options.bundle))
    identity = _identity("content", element("Product", product, *inner) + contents)
    product = {"Id": identity, **product}
    head = '<?xml version="1.0" encoding="utf-8"?>\n'
    # wixl drops a dollar sign unless there are two.
    return head + element("Wix", {"xmlns": _SCHEMA}, element("Product", product, *inner)).replace("$", "$$")


def version(text: str) -> str:
    """Return an application's version as installers have it: three numbers, at most 255, 255 and 65534.

    Example:
        >>> version("2.10.1rc1+x"), version("")
        ('2.10.1', '0.0.0')
    """
    numbers: list[int] = []
    for part, most in zip(text.split("."), (255, 255, 65_534), strict=False):
        digits = part[: len(part) - len(part.lstrip("0123456789"))]
        if not digits.isascii() or not digits:
            break
        numbers.append(min(int(digits), most))
        if digits != part:
            break
    return ".".join(map(str, [*numbers, 0, 0, 0][:3]))


def formatted(text: str) -> str:
    r"""Return a text as it stands where an installer replaces what is in brackets and braces.

    A dollar sign is escaped, too, so that no parenthesis follows it: wixl takes that for a variable.

    Example:
        >>> print(formatted("[1]{x}"))
        [\[]1[\]][\{]x[\}]
    """
    return "".join(f"[\\{char}]" if char in "[]{}$" else char for char in text)


def plain(text: str) -> str:
    """Return a text as it stands where an installer replaces nothing: what wixl takes for a variable is parted.

    Example:
        >>> plain("costs $(5)")
        'costs $ (5)'
    """
    return text.replace("$(", "$ (")


def _upgrade(product: Mapping[str, str]) -> Iterator[str]:
    """Yield what removes an installed product of this or an older version, and refuses to replace a newer one.

    wixl's ``MajorUpgrade`` leaves one of the same version beside it, and it does not write that a maximum is included.
    """
    *first, last = product["Version"].split(".")
    older = {"Minimum": "0.0.0", "IncludeMinimum": "yes", "Maximum": ".".join((*first, str(int(last) + 1)))}
    newer = {"Minimum": product["Version"], "IncludeMinimum": "no", "OnlyDetect": "yes"}
    yield element(
        "Upgrade",
        {"Id": product["UpgradeCode"]},
        element("UpgradeVersion", {**older, "Property": "OLDER"}),
        element("UpgradeVersion", {**newer, "Property": "NEWER"}),
    )
    yield '<Condition Message="A newer version is installed already.">Installed OR NOT NEWER</Condition>\n'
    yield element(
        "InstallExecuteSequence", {}, element("RemoveExistingProducts", {"After": "InstallValidate"})
    )


def _tree(components: dict[str, str], prefix: str) -> Iterator[str]:
    """Yield the components right in a folder, then the folders in it."""
    below = [path[len(prefix) :] for path in components if path.startswith(prefix)]
    yield from (components[prefix + name] for name in below if "/" not in name)
    for name in dict.fromkeys(name.partition("/")[0] for name in below if "/" in name):
        path = f"{prefix}{name}/"
        yield element("Directory", {"Id": _id("d", path), "Name": name}, *_tree(components, path))


def _component(path: str, directory: str, receipt: WindowsReceipt | None) -> str:
    file = {
        "Id": _id("f", path),
        "Name": path.rpartition("/")[2],
        "Source": f"files/{path}",
        "KeyPath": "yes",
    }
    parts: Sequence[str] = () if receipt is None else tuple(_service(receipt))
    return element(
        "Component",
        {"Id": _id("c", path), "Guid": _identity("file", f"{directory}/{path}")},
        element("File", file),
        *parts,
    )


def _service(receipt: WindowsReceipt) -> Iterator[str]:
    service = receipt.service
    yield comment("Recovery actions are not among what wixl writes: see the script beside it.")
    install = {
        "Id": "Install",
        "Name": service.name,
        "DisplayName": formatted(service.display_name),
        **({"Description": formatted(service.description)} if service.description else {}),
        "Type": "ownProcess",
        "Start": "demand" if service.start == "manual" else "auto",
        "ErrorControl": "normal",
        "Account": formatted(service.account),
        "Arguments": formatted(" ".join(map(quote, ("-I", "-X", "utf8", service.host, service.name)))),
    }
    dependencies = (element("ServiceDependency", {"Id": name}) for name in service.dependencies)
    yield element("ServiceInstall", install, *dependencies)
    control = {"Id": "Control", "Name": service.name, "Stop": "both", "Remove": "uninstall", "Wait": "yes"}
    if service.start != "manual":
        control["Start"] = "install"
    yield element("ServiceControl", control)
    key = f"SYSTEM\\CurrentControlSet\\Services\\{service.name}\\{PARAMETERS_KEY}"
    # Not in an element RegistryKey: wixl would end the key with a backslash, which installers do not allow.
    values = {
        DEFINITION_VALUE: encode_definition(service.hosted),
        RECEIPT_VALUE: encode_receipt(receipt),
    }
    for name, text in values.items():
        value = {"Root": "HKLM", "Key": key, "Name": name, "Type": "string", "Value": formatted(text)}
        yield element("RegistryValue", value)


def _identity(kind: str, name: str) -> str:
    return str(uuid.uuid5(_NAMESPACE, f"{kind} {name}")).upper()


def _id(kind: str, path: str) -> str:
    return f"{kind}{uuid.uuid5(_NAMESPACE, path).hex}"
