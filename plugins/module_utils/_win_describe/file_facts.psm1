# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# What describe reports of one file. Runs on the target.

#AnsibleRequires -PowerShell ansible_collections.fleet.codex.plugins.module_utils._win_describe.auth_summary
#AnsibleRequires -PowerShell ansible_collections.fleet.codex.plugins.module_utils._win_target.access
#AnsibleRequires -PowerShell ansible_collections.fleet.codex.plugins.module_utils._win_target.errors
#AnsibleRequires -PowerShell ansible_collections.fleet.codex.plugins.module_utils._win_target.json
#AnsibleRequires -PowerShell ansible_collections.fleet.codex.plugins.module_utils._win_target.reading
#AnsibleRequires -PowerShell ansible_collections.fleet.codex.plugins.module_utils._win_target.users
#AnsibleRequires -PowerShell ansible_collections.fleet.codex.plugins.module_utils._win_target.way

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

$script:PAUSE = 50 # milliseconds until an auth.json that is none is read again
$script:AGAIN_MILLISECONDS = 300 # for how long; a summary of an odd file may take longer than that
# What is reported of a file that may be as large and as odd as its owner likes:
$script:VARIABLE_LIMIT = 1000 # variables

Function Get-CodexFileFact {
    <#
    .SYNOPSIS
    A file's kind, access, owner and digest, and the details that are asked for: auth, content, variables, lock, or none.

    .DESCRIPTION
    -Once: what is no auth.json is not read again.
    #>
    param (
        [string]$Path, [AllowNull()]$Details, [System.Collections.IDictionary]$User, [string]$CodexHome, [switch]$Once
    )

    $facts = New-CodexMap
    $facts['path'] = $Path
    try {
        $seen = Get-CodexSeen -Facts $facts -Details $Details -User $User -CodexHome $CodexHome
        $facts['kind'] = $seen.kind
        if ($seen.kind -ne 'file' -and $seen.kind -ne 'directory') { return $facts }
        $facts['access'] = Get-CodexAccess -Path $Path -User $User -Security $seen.security
        $facts['owner'] = Get-CodexAccountName -Sid (Get-CodexOwner -Path $Path -Security $seen.security)
        if ($seen.kind -eq 'directory') { return $facts }
        if ($Details -eq 'lock') {
            $facts['writable'] = $facts['access']['user'] -and -not $facts['access']['read_only']
            return $facts
        }
        if (-not (Add-CodexContentDigest -Facts $facts -Bytes $seen.bytes)) { return $facts }
        if ($Details -eq 'auth') { Add-CodexAuth -Facts $facts -Seen $seen -User $User -CodexHome $CodexHome -Once $Once }
        if ($Details -eq 'content') { $facts['content'] = [Convert]::ToBase64String($seen.bytes) }
        if ($Details -eq 'variables') {
            $facts['variables'] = Get-CodexFileVariable -Text ([System.Text.Encoding]::UTF8.GetString($seen.bytes))
        }
    }
    catch {
        if (-not (Test-CodexSystemException -Exception $_.Exception)) { throw }
        $problem = ConvertTo-CodexSystemError -Exception $_.Exception -Path $Path
        foreach ($name in 'reason', 'code', 'cause') { $facts[$name] = $problem[$name] }
        $facts['kind'] = 'unreadable'
    }
    $facts
}

Function Get-CodexSeen {
    # What has to be asked of the file itself: kind, security, bytes. Of an auth.json while Codex's lock is held, and no
    # longer: Codex cannot replace a file that is open, and waits for its lock for 5 seconds only (measured).
    param (
        [System.Collections.IDictionary]$Facts, [AllowNull()]$Details, [System.Collections.IDictionary]$User,
        [string]$CodexHome
    )

    $seen = @{ kind = $null; security = $null; bytes = $null }
    $lock = if ($Details -eq 'auth') { Lock-CodexReading -CodexHome $CodexHome } else { $null }
    try {
        $seen.kind = Get-CodexKind -Facts $Facts -User $User
        if ($seen.kind -ne 'file' -and $seen.kind -ne 'directory') { return $seen }
        $seen.security = Get-CodexSecurity -Path $Facts['path']
        if ($seen.kind -eq 'file' -and $Details -ne 'lock') { $seen.bytes = Read-CodexFile -Path $Facts['path'] }
    }
    finally {
        if ($null -ne $lock) { $lock.Dispose() }
    }
    $seen
}

Function Get-CodexKind {
    # What is at the path of facts: absent, file, directory, dangling. Adds to the facts where a link leads.
    param ([System.Collections.IDictionary]$Facts, [System.Collections.IDictionary]$User)

    $step = Get-CodexStep -Path $Facts['path'] -Throw
    if ($null -eq $step) { return 'absent' }
    if ($step.IsLink) {
        if (Test-CodexOtherUser -User $User) { # whose link would lead with an administrator's rights
            throw (New-CodexTargetError -Reason link_of_user -Details @{ path = $step.Path; user = $User['name'] })
        }
        $Facts['link'] = $step.Target
        $walked = Get-CodexWalk -Path $step.Path
        if (-not $walked.IsComplete) { return 'dangling' }
        $Facts['folder_writable'] = Test-CodexCanAdd -Folder ([System.IO.Path]::GetDirectoryName($walked.Final)) -User $User
        $step = Get-CodexStep -Path $walked.Final -Throw
    }
    if ($step.IsFolder) { return 'directory' }
    'file'
}

Function Add-CodexAuth {
    # Adds the summary of an auth.json to its facts.
    param (
        [System.Collections.IDictionary]$Facts, [hashtable]$Seen, [System.Collections.IDictionary]$User,
        [string]$CodexHome, [bool]$Once
    )

    $watch = [System.Diagnostics.Stopwatch]::StartNew()
    while ($true) {
        $Facts['auth'] = Get-CodexAuthSummary -Bytes $Seen.bytes
        # Codex up to 0.166 truncates auth.json before it writes it, which takes moments (measured): look again.
        $isLate = $watch.ElapsedMilliseconds -ge $AGAIN_MILLISECONDS
        if (-not $Facts['auth'].Contains('malformed') -or $Once -or $isLate) { return }
        [System.Threading.Thread]::Sleep($PAUSE)
        $Seen = Get-CodexSeen -Facts $Facts -Details auth -User $User -CodexHome $CodexHome
        if (-not (Add-CodexContentDigest -Facts $Facts -Bytes $Seen.bytes)) { return }
    }
}

Function Add-CodexContentDigest {
    # Adds the digest of what was read; false where that is not the whole file, or the file was removed meanwhile.
    param ([System.Collections.IDictionary]$Facts, [AllowNull()][AllowEmptyCollection()][byte[]]$Bytes)

    if ($null -eq $Bytes) {
        foreach ($name in @($Facts.psbase.Keys | Where-Object { $_ -ne 'path' })) { $Facts.Remove($name) }
        $Facts['kind'] = 'absent'
        return $false
    }
    $Facts['sha256'] = Get-CodexDigest -Bytes $Bytes
    if ($Bytes.Length -le (Get-CodexSizeLimit)) { return $true }
    $Facts.Remove('auth')
    $Facts['kind'] = 'oversized'
    $false
}

Function Get-CodexFileVariable {
    # The names that lines NAME=value give a value, `export` before it or not, each with the digest of the value.
    param ([AllowEmptyString()][string]$Text)

    $variables = New-CodexMap
    foreach ($line in $Text.Split([char]10)) {
        $match = [regex]::Match($line, '^[ \t]*(?:export[ \t]+)?(\w+)=(.*)$')
        if (-not $match.Success) { continue }
        $value = $match.Groups[2].Value
        $bare = $value -replace '^[''"]', ''
        if ($bare -match '^[''"]' -or $bare -match '^(\s|$)') { continue } # nothing, or a blank
        $name = $match.Groups[1].Value
        if ($variables.psbase.Count -ge $VARIABLE_LIMIT -and -not $variables.Contains($name)) { break }
        $variables[$name] = Get-CodexDigest -Bytes ([System.Text.Encoding]::UTF8.GetBytes($value))
    }
    $variables
}

Export-ModuleMember -Function Get-CodexFileFact
