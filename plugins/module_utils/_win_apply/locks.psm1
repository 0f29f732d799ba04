# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# The lock files that Codex waits for before it saves. Runs on the target, as a part of apply.

#AnsibleRequires -PowerShell ansible_collections.fleet.codex.plugins.module_utils._win_target.errors
#AnsibleRequires -PowerShell ansible_collections.fleet.codex.plugins.module_utils._win_target.access
#AnsibleRequires -PowerShell ansible_collections.fleet.codex.plugins.module_utils._win_target.making

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

$script:LOCK_TIME_LIMIT = 20 # seconds to wait for all locks of a change; Codex holds them for moments
# "incorrect function", "not supported", and ENOLCK of Linux: a file system without locks, where nobody can hold one
$script:WITHOUT_LOCKS = @(-2147024895, -2147024846, 37)

Function Lock-CodexFile {
    <#
    .SYNOPSIS
    Takes Codex's lock files in the order given, and returns what Unlock-CodexFile gives back.
    Throws the system's error with the lock's path where one cannot be had (EAGAIN: not in time).
    #>
    param ([AllowEmptyCollection()][string[]]$Paths, $User)

    $streams = [System.Collections.ArrayList]::new()
    $clock = [Diagnostics.Stopwatch]::StartNew()
    try {
        foreach ($path in $Paths) {
            Confirm-CodexLockPlace -Path $path
            if (-not [IO.File]::Exists($path)) {
                Add-CodexLockFile -Path $path -User $User
            }
            while ($true) {
                $stream = Get-CodexLock -Path $path
                if ($null -ne $stream) {
                    [void]$streams.Add($stream)
                    break
                }
                if ($clock.Elapsed.TotalSeconds -gt $LOCK_TIME_LIMIT) {
                    throw (New-CodexSystemError -Code EAGAIN -Path $path)
                }
                Start-Sleep -Milliseconds 20
            }
        }
    }
    catch {
        Unlock-CodexFile -Streams $streams.ToArray()
        throw
    }
    return , $streams.ToArray()
}

Function Unlock-CodexFile {
    <#
    .SYNOPSIS
    Gives locks back. The files stay: a removed one splits the lock.
    #>
    param ([AllowEmptyCollection()][object[]]$Streams)

    [array]::Reverse($Streams)
    foreach ($stream in $Streams) {
        $stream.Dispose()
    }
}

Function Confirm-CodexLockPlace {
    # Throws where a folder or a link is in place of a lock file.
    param ([string]$Path)

    try {
        $attributes = [IO.File]::GetAttributes($Path)
    }
    catch [IO.FileNotFoundException], [IO.DirectoryNotFoundException] {
        return
    }
    if ($attributes -band [IO.FileAttributes]::ReparsePoint) {
        throw (New-CodexSystemError -Code ELOOP -Path $Path)
    }
    if ($attributes -band [IO.FileAttributes]::Directory) {
        throw (New-CodexSystemError -Code EISDIR -Path $Path)
    }
}

Function Add-CodexLockFile {
    # Makes a lock file that is the account's from its first moment: Codex must be able to take it, too.
    param ([string]$Path, $User)

    try {
        (New-CodexFile -Path $Path -Access 'private' -User $User).Dispose()
    }
    catch {
        if (-not [IO.File]::Exists($Path)) {
            throw
        }
    }
}

Function Get-CodexLock {
    # The open, locked file, or $null where another program holds it.
    param ([string]$Path)

    $share = [IO.FileShare] 'ReadWrite, Delete'
    try {
        $stream = [IO.FileStream]::new($Path, [IO.FileMode]::Open, [IO.FileAccess]::ReadWrite, $share)
    }
    catch {
        $facts = ConvertTo-CodexSystemError -Exception $_.Exception -Path $Path
        if ($facts['code'] -eq 'EBUSY') {
            return $null
        }
        throw (New-CodexTargetError -Reason system -Details $facts)
    }
    try {
        $stream.Lock(0, [long]::MaxValue)
    }
    catch {
        if ($WITHOUT_LOCKS -notcontains (Get-CodexInnerException -Exception $_.Exception).HResult) {
            $stream.Dispose()
            return $null
        }
    }
    return $stream
}

Export-ModuleMember -Function Lock-CodexFile, Unlock-CodexFile
