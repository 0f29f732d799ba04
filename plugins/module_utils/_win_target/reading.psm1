# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Reading files whole, the digest by which contents are compared, and temporary files of killed runs. Runs on the target.
#
# A reader can cost a login: while another program has auth.json open, Codex cannot save the tokens that it has just
# renewed (measured). So every file is opened for the moment of the read only, and shared for everything; auth.json is
# read while its lock is held, for which Codex 0.166 and later waits.

#AnsibleRequires -PowerShell ansible_collections.fleet.codex.plugins.module_utils._win_target.errors

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

$script:TEMPORARY = '.fleet-codex-' # prefix of files that this program makes and removes; Codex uses others
$script:SIZE_LIMIT = 4 * 1024 * 1024 # bytes; a larger auth.json or config.toml is not read
$script:SHARING_SECONDS = 2 # how long to try again while another program has a file open for itself
$script:LOCK_SECONDS = 10 # how long to wait for auth.lock
$script:PAUSE = 50 # milliseconds between two attempts
$script:NAMES_LIMIT = 10000 # names of a folder that are looked at
$script:LEFTOVERS_LIMIT = 100 # files of one folder, whose owner can have any number; the next run finds the others
$script:SHARED = [System.IO.FileShare]'ReadWrite, Delete'

$script:Held = @{} # paths of locks that were waited for in vain, so that no home takes longer than that

Function Get-CodexTemporaryPrefix {
    <#
    .SYNOPSIS
    How the names of the temporary files of this program begin.
    #>
    $TEMPORARY
}

Function Get-CodexSizeLimit {
    <#
    .SYNOPSIS
    How many bytes of a file are read; one more shows that it is larger.
    #>
    $SIZE_LIMIT
}

Function Read-CodexFile {
    <#
    .SYNOPSIS
    A file's bytes, of a large one 4 MiB and one byte; null where there is none. Throws where it cannot be read.
    #>
    param ([string]$Path)

    $stream = Open-CodexShared -Path $Path
    if ($null -eq $stream) { return $null }
    try {
        $bytes = [byte[]]::new([Math]::Min($stream.Length, $SIZE_LIMIT + 1))
        $length = 0
        do {
            $read = $stream.Read($bytes, $length, $bytes.Length - $length)
            $length += $read
        } while ($read -gt 0)
    }
    finally {
        $stream.Dispose()
    }
    if ($length -lt $bytes.Length) { [Array]::Resize([ref]$bytes, $length) }
    , $bytes
}

Function Open-CodexShared {
    # A file, open for reading and shared for everything; null where there is none.
    param ([string]$Path)

    $watch = [System.Diagnostics.Stopwatch]::StartNew()
    while ($true) {
        try {
            return [System.IO.FileStream]::new($Path, 'Open', 'Read', $SHARED)
        }
        catch {
            $code = Get-CodexErrorCode -Exception $_.Exception
            if ($code -eq 'ENOENT') { return $null }
            if ($code -ne 'EBUSY' -or $watch.Elapsed.TotalSeconds -gt $SHARING_SECONDS) { throw }
        }
        [System.Threading.Thread]::Sleep($PAUSE)
    }
}

Function Lock-CodexReading {
    <#
    .SYNOPSIS
    The lock of a Codex home, held, as an open stream; null where there is none, or where no program can take it.
    #>
    param ([string]$CodexHome)

    $path = [System.IO.Path]::Combine($CodexHome, 'auth.lock')
    if (-not [System.IO.File]::Exists($path)) { return $null }
    if ([System.IO.File]::GetAttributes($path) -band [System.IO.FileAttributes]::ReparsePoint) { return $null }
    if ($Held.ContainsKey($path)) { throw (New-CodexSystemError -Code EAGAIN -Path $path) }
    try {
        $stream = [System.IO.FileStream]::new($path, 'Open', 'ReadWrite', $SHARED)
    }
    catch {
        if (-not (Test-CodexSystemException -Exception $_.Exception)) { throw }
        return $null
    }
    $watch = [System.Diagnostics.Stopwatch]::StartNew()
    while ($true) {
        try {
            $stream.Lock(0, [long]::MaxValue)
            return $stream
        }
        catch {
            if ($watch.Elapsed.TotalSeconds -gt $LOCK_SECONDS) {
                $stream.Dispose()
                $Held[$path] = $true
                throw (New-CodexSystemError -Code EAGAIN -Path $path)
            }
        }
        [System.Threading.Thread]::Sleep($PAUSE)
    }
}

Function Get-CodexDigest {
    <#
    .SYNOPSIS
    SHA-256 of bytes, in hexadecimal digits; null for null, which stands for "no file".
    #>
    param ([AllowNull()][AllowEmptyCollection()][byte[]]$Bytes)

    if ($null -eq $Bytes) { return $null }
    $sha256 = [System.Security.Cryptography.SHA256CryptoServiceProvider]::new() # the one that FIPS allows in 5.1
    try { [BitConverter]::ToString($sha256.ComputeHash($Bytes)).Replace('-', '').ToLowerInvariant() }
    finally { $sha256.Dispose() }
}

Function Get-CodexFolderName {
    <#
    .SYNOPSIS
    The names in a folder, sorted (`names`), and whether these are all (`is_whole`); none where it cannot be listed.
    #>
    param ([string]$Folder)

    $names = [System.Collections.ArrayList]::new()
    try {
        foreach ($path in [System.IO.Directory]::EnumerateFileSystemEntries($Folder)) {
            [void]$names.Add([System.IO.Path]::GetFileName($path))
            if ($names.Count -gt $NAMES_LIMIT) { break }
        }
    }
    catch {
        if (-not (Test-CodexSystemException -Exception $_.Exception)) { throw }
        $names.Clear()
    }
    $isWhole = $names.Count -le $NAMES_LIMIT
    if (-not $isWhole) { $names.RemoveAt($NAMES_LIMIT) }
    $names.Sort([StringComparer]::Ordinal)
    @{ names = $names.ToArray(); is_whole = $isWhole }
}

Function Get-CodexLeftover {
    <#
    .SYNOPSIS
    Paths of temporary files in these folders whose writer is gone: nobody has them open any more.
    #>
    param ([string[]]$Folders)

    $found = [System.Collections.ArrayList]::new()
    $seen = @{}
    foreach ($folder in $Folders) {
        if ($seen.ContainsKey($folder)) { continue }
        $seen[$folder] = $true
        $looked = 0
        foreach ($name in (Get-CodexFolderName -Folder $folder).names) {
            if (-not $name.StartsWith($TEMPORARY, [StringComparison]::Ordinal)) { continue }
            $looked += 1
            if ($looked -gt $LEFTOVERS_LIMIT) { break }
            $path = [System.IO.Path]::Combine($folder, $name)
            if (Test-CodexLeftOver -Path $path) { [void]$found.Add($path) }
        }
    }
    , $found.ToArray()
}

Function Test-CodexLeftOver {
    # Whether no program has a temporary file open; false where that cannot be found out.
    param ([string]$Path)

    try {
        if ([System.IO.File]::GetAttributes($Path) -band [System.IO.FileAttributes]'Directory, ReparsePoint') { return $false }
        [System.IO.FileStream]::new($Path, 'Open', 'ReadWrite', 'None').Dispose()
        return $true
    }
    catch {
        if (-not (Test-CodexSystemException -Exception $_.Exception)) { throw }
        return $false
    }
}

Export-ModuleMember -Function Get-CodexTemporaryPrefix, Get-CodexSizeLimit, Read-CodexFile, Lock-CodexReading, `
    Get-CodexDigest, Get-CodexFolderName, Get-CodexLeftover
