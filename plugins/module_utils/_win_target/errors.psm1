# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Why a home cannot be worked on, as facts that the controller turns into a sentence. Runs on the target.

#AnsibleRequires -PowerShell ansible_collections.fleet.codex.plugins.module_utils._win_target.json

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

# The names of POSIX for the errors that it has, too, by the number of the Windows error; for PowerShell on another
# system by errno, whose HResult has nothing above the lowest 16 bits.
$script:WINDOWS_CODES = @{
    2 = 'ENOENT'; 3 = 'ENOENT'; 5 = 'EACCES'; 19 = 'EROFS'; 32 = 'EBUSY'; 33 = 'EBUSY'; 39 = 'ENOSPC'; 80 = 'EEXIST'
    112 = 'ENOSPC'; 145 = 'ENOTEMPTY'; 183 = 'EEXIST'; 206 = 'ENAMETOOLONG'; 267 = 'ENOTDIR'; 1295 = 'EDQUOT'
    1307 = 'EACCES'; 1314 = 'EACCES'; 1921 = 'ELOOP'
}
$script:POSIX_CODES = @{
    1 = 'EACCES'; 2 = 'ENOENT'; 11 = 'EBUSY'; 13 = 'EACCES'; 17 = 'EEXIST'; 20 = 'ENOTDIR'; 21 = 'EISDIR'; 28 = 'ENOSPC'
    30 = 'EROFS'; 36 = 'ENAMETOOLONG'; 39 = 'ENOTEMPTY'; 40 = 'ELOOP'
}
$script:CAUSES = @{
    EACCES = 'Permission denied'
    EAGAIN = 'Resource temporarily unavailable'
    EBUSY = 'Another program has it open'
    EDQUOT = 'Disk quota exceeded'
    EEXIST = 'File exists'
    EINVAL = 'Invalid argument'
    EISDIR = 'Is a directory'
    ELOOP = 'Too many levels of symbolic links'
    ENAMETOOLONG = 'File name too long'
    ENOENT = 'No such file or directory'
    ENOSPC = 'No space left on device'
    ENOTDIR = 'Not a directory'
    ENOTEMPTY = 'Directory not empty'
    EROFS = 'Read-only file system'
}
$script:KEY = 'fleet.codex' # of the facts in an exception's data

Function New-CodexTargetError {
    <#
    .SYNOPSIS
    An exception to throw: a home cannot be worked on. Reason: a key of the controller's TARGET_ERRORS.
    #>
    param ([string]$Reason, [System.Collections.IDictionary]$Details = @{})

    $facts = New-CodexMap
    $facts['reason'] = $Reason
    foreach ($name in $Details.psbase.Keys) { $facts[$name] = $Details[$name] }
    $exception = [InvalidOperationException]::new($Reason)
    $exception.Data[$KEY] = $facts
    $exception
}

Function New-CodexSystemError {
    <#
    .SYNOPSIS
    An exception to throw that says the same as the system's error with the name Code.
    #>
    param ([string]$Code, [string]$Path)

    New-CodexTargetError -Reason system -Details @{ code = $Code; cause = $CAUSES[$Code]; path = $Path }
}

Function Get-CodexErrorCode {
    <#
    .SYNOPSIS
    The name of a system error: EACCES, EBUSY, …; "HRESULT 0x…" where it has none.
    #>
    param ([Exception]$Exception)

    $number = (Get-CodexInnerException -Exception $Exception).HResult
    $code = $null
    if (($number -band -65536) -eq -2147024896) { # 0x80070000
        $code = $WINDOWS_CODES[$number -band 65535]
    }
    elseif ($number -gt 0 -and $number -lt 65536) {
        $code = $POSIX_CODES[$number]
    }
    elseif (Test-CodexSystemException -Exception $Exception -IsDenied) {
        $code = 'EACCES'
    }
    if ($null -eq $code) { $code = 'HRESULT 0x{0:X8}' -f $number }
    $code
}

Function ConvertTo-CodexSystemError {
    <#
    .SYNOPSIS
    An exception as the facts of an error: its code, its cause and the path, nothing else of it.
    #>
    param ([Exception]$Exception, [string]$Path)

    $inner = Get-CodexInnerException -Exception $Exception
    if ($inner.Data.Contains($KEY)) { return $inner.Data[$KEY] }
    $facts = New-CodexMap
    $facts['reason'] = 'system'
    $facts['code'] = Get-CodexErrorCode -Exception $inner
    $facts['cause'] = if ($CAUSES.ContainsKey($facts['code'])) { $CAUSES[$facts['code']] } else { $inner.GetType().Name }
    $facts['path'] = if ($Path) { $Path } else { $null }
    $facts
}

Function Invoke-CodexGuarded {
    <#
    .SYNOPSIS
    The map that a piece of work returns, or a map with the key "error" where a home or the system keeps it from one.
    #>
    param ([scriptblock]$Work)

    try {
        return (& $Work)
    }
    catch {
        # Of whatever kind: what one account has on its disk must not take the answers of all others away.
        $inner = Get-CodexInnerException -Exception $_.Exception
        $answer = New-CodexMap
        $answer['error'] = ConvertTo-CodexSystemError -Exception $inner
        return $answer
    }
}

Function Test-CodexSystemException {
    <#
    .SYNOPSIS
    Whether an exception says that the system refused something, and not that this program is wrong.
    #>
    param ([Exception]$Exception, [switch]$IsDenied)

    $inner = Get-CodexInnerException -Exception $Exception
    $isDenial = $inner -is [UnauthorizedAccessException] -or $inner -is [System.Security.SecurityException]
    if ($IsDenied) { return $isDenial }
    $isOurs = $inner.Data.Contains($KEY) -and $inner.Data[$KEY]['reason'] -eq 'system'
    $isDenial -or $isOurs -or $inner -is [System.IO.IOException]
}

Function Get-CodexInnerException {
    <#
    .SYNOPSIS
    The exception that .NET threw, without what PowerShell puts around it.
    #>
    param ([Exception]$Exception)

    $current = $Exception
    while ($current -is [System.Management.Automation.RuntimeException] -and $null -ne $current.InnerException) {
        $inner = $current.InnerException
        $current = $inner
    }
    $current
}

Export-ModuleMember -Function New-CodexTargetError, New-CodexSystemError, Get-CodexErrorCode, `
    ConvertTo-CodexSystemError, Invoke-CodexGuarded, Test-CodexSystemException, Get-CodexInnerException
