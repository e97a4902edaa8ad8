"""The scripts that install and uninstall a service with what Windows itself has.

Arguments with quotation marks go to none of its programs, since PowerShell 5 does not pass them on as they are: the
command line and the texts go to WMI and to the registry. Source: Microsoft, ``Win32_Service``, ``sc.exe``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from svcctl.generate.windows.powershell import array, literal
from svcctl.plan.windows import (
    DEFINITION_VALUE,
    PARAMETERS_KEY,
    RECEIPT_VALUE,
    RecoveryAction,
    WindowsReceipt,
    encode_definition,
    encode_receipt,
)
from svcctl.plan.windows_rights import folder_rights

_HEAD = """#Requires -Version 5.1
#Requires -RunAsAdministrator
Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

"""

_COMMON = f"""
$key = "HKLM:\\SYSTEM\\CurrentControlSet\\Services\\$name"
$parameters = "$key\\{PARAMETERS_KEY}"
$source = "HKLM:\\SYSTEM\\CurrentControlSet\\Services\\EventLog\\Application\\$name"

function Get-Own {{
    $found = Get-CimInstance -ClassName Win32_Service -Filter "Name='$name'"
    if ($found -and -not (Get-ItemProperty -Path $parameters -Name {DEFINITION_VALUE} -ErrorAction SilentlyContinue)) {{
        throw "there is a service named $name already, and svcctl has not made it"
    }}
    $found
}}

function Assert-Done($result, [string] $what) {{
    if ($result.ReturnValue -ne 0) {{
        throw "Windows has not $what the service ${{name}}: Win32_Service returned $($result.ReturnValue)"
    }}
}}
"""

_INSTALL = f"""
function Invoke-Sc {{
    $said = & "$env:SystemRoot\\System32\\sc.exe" @args
    if ($LASTEXITCODE -ne 0) {{
        throw "sc.exe $args ended with status ${{LASTEXITCODE}}: $said"
    }}
}}

foreach ($path in $needed) {{
    if (-not (Test-Path -LiteralPath $path -PathType Leaf)) {{
        throw "$path is not there"
    }}
}}
$own = Get-Own
if (-not $own -and (Test-Path -LiteralPath $folders[0])) {{
    # Whoever has made it could still own what is in it.
    throw "$($folders[0]) is there already: move it away, or see to its owner and rights yourself"
}}
if (-not $own -and (Test-Path -Path $source)) {{
    throw "somebody else writes to the event log as $name"
}}
$wanted = @{{
    DisplayName = $displayName
    PathName = $commandLine
    ServiceType = [byte] 16
    ErrorControl = [byte] 1
    StartMode = $startMode
    DesktopInteract = $false
    StartName = $account
}}
if ($dependencies.Count -or $own) {{
    $wanted.ServiceDependencies = [string[]] $dependencies
}}
if ($own) {{
    Assert-Done (Invoke-CimMethod -InputObject $own -MethodName Change -Arguments $wanted) 'changed'
}} else {{
    $wanted.Name = $name
    Assert-Done (Invoke-CimMethod -ClassName Win32_Service -MethodName Create -Arguments $wanted) 'made'
}}
try {{
    New-Item -Path $parameters -Force | Out-Null
    New-ItemProperty -Path $parameters -Name {DEFINITION_VALUE} -PropertyType String -Value $definition -Force | Out-Null
    New-ItemProperty -Path $parameters -Name {RECEIPT_VALUE} -PropertyType String -Value $receipt -Force | Out-Null
    # Windows reads it when it starts.
    New-ItemProperty -Path $key -Name PreshutdownTimeout -PropertyType DWord -Value $preshutdown -Force | Out-Null
    if ($description) {{
        Set-Service -Name $name -Description $description
    }}
    Invoke-Sc config $name start= $scStart
    Invoke-Sc sidtype $name unrestricted
    Invoke-Sc failure $name reset= $recoveryReset actions= $recovery
    Invoke-Sc failureflag $name 1
    New-Item -Path $source -Force | Out-Null
    New-ItemProperty -Path $source -Name EventMessageFile -PropertyType ExpandString `
        -Value '%SystemRoot%\\System32\\EventCreate.exe' -Force | Out-Null
    New-ItemProperty -Path $source -Name TypesSupported -PropertyType DWord -Value 7 -Force | Out-Null
    foreach ($folder in $folders) {{
        New-Item -ItemType Directory -Path $folder -Force | Out-Null
        $acl = New-Object Security.AccessControl.DirectorySecurity
        $acl.SetSecurityDescriptorSddlForm($rights)
        Set-Acl -LiteralPath $folder -AclObject $acl
    }}
}} catch {{
    if (-not $own) {{
        Get-CimInstance -ClassName Win32_Service -Filter "Name='$name'" |
            Invoke-CimMethod -MethodName Delete | Out-Null
        Remove-Item -Path $source -ErrorAction SilentlyContinue
    }}
    throw
}}
"""

_UNINSTALL = """
$own = Get-Own
if ($own) {
    Stop-Service -Name $name
    Assert-Done (Invoke-CimMethod -InputObject $own -MethodName Delete) 'removed'
    Remove-Item -Path $source -ErrorAction SilentlyContinue
}
if ($Purge) {
    foreach ($folder in $folders | Where-Object { Test-Path -LiteralPath $_ }) {
        Remove-Item -LiteralPath $folder -Recurse -Force
    }
}
"""


def install_script(receipt: WindowsReceipt, header: Sequence[str]) -> str:
    """Return a script that makes the service, or changes the one that an earlier run has made."""
    service, hosted = receipt.service, receipt.service.hosted
    start_mode = "Manual" if service.start == "manual" else "Automatic"
    sc_start = {"automatic": "auto", "delayed": "delayed-auto", "manual": "demand"}[service.start]
    values = {
        "name": literal(service.name),
        "displayName": literal(service.display_name),
        "description": literal(service.description),
        "commandLine": literal(service.command_line()),
        "account": literal(service.account),
        "startMode": literal(start_mode),
        "scStart": literal(sc_start),
        "dependencies": array(service.dependencies),
        "definition": literal(encode_definition(hosted)),
        "preshutdown": str(service.preshutdown_ms),
        "recovery": literal("/".join(map(_action, service.recovery))),
        "recoveryReset": str(service.recovery_reset_s),
        "receipt": literal(encode_receipt(receipt)),
        "folders": array(receipt.folders),
        "rights": literal(folder_rights(service.name)),
        "needed": array(dict.fromkeys((service.interpreter, service.host, hosted.python))),
    }
    return "".join((*_comments(header), _HEAD, *_assignments(values), _COMMON, _INSTALL))


def uninstall_script(receipt: WindowsReceipt, header: Sequence[str]) -> str:
    """Return a script that stops and removes the service, and with ``-Purge`` what it has kept."""
    values = {"name": literal(receipt.service.name), "folders": array(receipt.folders[:1])}
    return "".join(
        (*_comments(header), "param([switch] $Purge)\n", _HEAD, *_assignments(values), _COMMON, _UNINSTALL)
    )


def _comments(lines: Sequence[str]) -> Iterator[str]:
    yield from (f"# {line}\n" for line in lines)


def _assignments(values: dict[str, str]) -> Iterator[str]:
    yield from (f"${name} = {value}\n" for name, value in values.items())


def _action(action: RecoveryAction) -> str:
    return f"{'restart' if action.restart else ''}/{action.after_ms}"
