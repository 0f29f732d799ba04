# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# What each operation of an apply request does with its file. Runs on the target, as a part of apply.

#AnsibleRequires -PowerShell ansible_collections.fleet.codex.plugins.module_utils._win_target.json
#AnsibleRequires -PowerShell ansible_collections.fleet.codex.plugins.module_utils._win_target.errors
#AnsibleRequires -PowerShell ansible_collections.fleet.codex.plugins.module_utils._win_target.users
#AnsibleRequires -PowerShell ansible_collections.fleet.codex.plugins.module_utils._win_target.access
#AnsibleRequires -PowerShell ansible_collections.fleet.codex.plugins.module_utils._win_target.making
#AnsibleRequires -PowerShell ansible_collections.fleet.codex.plugins.module_utils._win_target.way
#AnsibleRequires -PowerShell ansible_collections.fleet.codex.plugins.module_utils._win_target.reading
#AnsibleRequires -PowerShell ansible_collections.fleet.codex.plugins.module_utils._win_target.registry
#AnsibleRequires -PowerShell ansible_collections.fleet.codex.plugins.module_utils._win_apply.backups
#AnsibleRequires -PowerShell ansible_collections.fleet.codex.plugins.module_utils._win_apply.writing

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

Function Invoke-CodexOperation {
    <#
    .SYNOPSIS
    Does one operation, and returns its result, with the digest `sha256` of what it wrote. Throws a conflict.
    #>
    param ($Operation, [string]$Path, $User, [bool]$IsGuarded)

    switch ($Operation['operation']) {
        'directory' { return Set-CodexDirectory -Path $Path -Operation $Operation -User $User -IsGuarded $IsGuarded }
        'write' { return Update-CodexFile -Path $Path -Operation $Operation -User $User }
        'access' { return Set-CodexFileAccess -Path $Path -Operation $Operation -User $User }
        'remove' { return Clear-CodexFile -Path $Path -Operation $Operation -User $User }
        'clean' { return Clear-CodexFolder -Path $Path }
        'variables' { return Set-CodexVariable -Operation $Operation -User $User }
        'give' { return New-CodexMap } # of POSIX: an account has access to what an administrator makes in its folder
        default { throw [NotSupportedException]::new() }
    }
}

Function Get-CodexLockPath {
    <#
    .SYNOPSIS
    Codex's lock files for an operation; they lie beside the file that Codex knows, not where a link leads.
    #>
    param ([string]$Path, $Operation)

    $folder = [IO.Path]::GetDirectoryName($Path)
    , @(foreach ($name in $Operation['locks']) { [IO.Path]::Combine($folder, $name) })
}

Function Set-CodexDirectory {
    # Makes a folder, or gives an existing one its access.
    param ([string]$Path, $Operation, $User, [bool]$IsGuarded)

    # For another account, only where a guard is in it by now: that account may have made the folder a link meanwhile.
    if ([IO.Directory]::Exists($Path) -and (-not (Test-CodexOtherUser -User $User) -or $IsGuarded)) {
        Set-CodexAccess -Path $Path -Access $Operation['access'] -User $User
    }
    else {
        Add-CodexFolder -Path $Path -Access $Operation['access'] -User $User
    }
    New-CodexMap
}

Function Add-CodexFolder {
    # Makes a folder with its access, and missing ones above it. Those inherit nothing either: below C:\ every user could
    # change them, and so where the way through them leads.
    param ([string]$Path, [string]$Access, $User)

    $above = [IO.Path]::GetDirectoryName($Path)
    if (-not [IO.Directory]::Exists($above)) {
        $isShared = (Test-CodexAdministrator) -and -not (Test-CodexInside -Path $above -Folder $User['home_directory'])
        Add-CodexFolder -Path $above -Access $(if ($isShared) { 'readable_by_all' } else { 'private' }) -User $User
    }
    New-CodexFolder -Path $Path -Access $Access -User $User
}

Function Update-CodexFile {
    # Replaces a file, or makes it, with the folder that it is in.
    param ([string]$Path, $Operation, $User)

    $locks = Get-CodexLockPath -Path $Path -Operation $Operation
    $there = Get-CodexContent -Path $Path -Locks $locks -User $User
    Confirm-CodexContent -Bytes $there -Expected $Operation['expected']
    $folder = [IO.Path]::GetDirectoryName($Path)
    if (-not [IO.Directory]::Exists($folder)) {
        $access = if ($Operation['base'] -eq 'host') { 'readable_by_all' } else { 'private' }
        Add-CodexFolder -Path $folder -Access $access -User $User
    }
    $content = [Convert]::FromBase64String($Operation['content'])
    if ($Operation.Contains('preserve_unknown_except')) {
        $content = Merge-CodexUnknown -Content $content -There $there -Unwanted $Operation['preserve_unknown_except']
    }
    $result = Invoke-CodexBackedUp -Path $Path -Operation $Operation -User $User -There $there -Change {
        Write-CodexFile -Path $Path -Content $content -Access $Operation['access'] -User $User `
            -Expected $Operation['expected'] -Locks $locks
    }
    $result['sha256'] = Get-CodexDigest -Bytes $content
    $result
}

Function Set-CodexFileAccess {
    # Gives a file or a folder its access.
    param ([string]$Path, $Operation, $User)

    if ((Test-CodexOtherUser -User $User) -and -not [IO.Directory]::Exists($Path)) {
        Copy-CodexFile -Path $Path -Access $Operation['access'] -User $User
    }
    else {
        Set-CodexAccess -Path $Path -Access $Operation['access'] -User $User
    }
    New-CodexMap
}

Function Copy-CodexFile {
    # Puts a copy with another access in a file's place. Another account can put a link there at any time, which the
    # system would follow to give any file of the host to that account; what is moved follows none.
    param ([string]$Path, [string]$Access, $User)

    $folder = [IO.Path]::GetDirectoryName($Path)
    $names = @('auth.lock', ([IO.Path]::GetFileName($Path) + '.lock')) # what Codex takes to save this file
    $locks = @($names | ForEach-Object { [IO.Path]::Combine($folder, $_) } | Where-Object { [IO.File]::Exists($_) })
    $there = Get-CodexContent -Path $Path -Locks $locks -User $User
    if (Test-CodexLink -Path $Path) { throw (New-CodexLinkError -Path $Path -User $User) }
    if ($null -eq $there) { throw (New-CodexSystemError -Code ENOENT -Path $Path) }
    Write-CodexFile -Path $Path -Content $there -Access $Access -User $User -Expected (Get-CodexDigest -Bytes $there) `
        -Locks $locks
}

Function Clear-CodexFile {
    # Removes a file, or a link in its place whatever it leads to.
    param ([string]$Path, $Operation, $User)

    $there = $null
    $expected = $Operation['expected']
    $locks = Get-CodexLockPath -Path $Path -Operation $Operation
    $isLink = Test-CodexLink -Path $Path
    if (-not $isLink -or -not (Test-CodexOtherUser -User $User)) {
        $there = Get-CodexContent -Path $Path -Locks $locks -User $User
    }
    if (-not $isLink) {
        Confirm-CodexContent -Bytes $there -Expected $expected
    }
    $result = Invoke-CodexBackedUp -Path $Path -Operation $Operation -User $User -There $there -Change {
        Remove-CodexFile -Path $Path -User $User -Expected $expected -IsLink $isLink `
            -Locks $locks
    }
    $result['sha256'] = $null
    $result
}

Function Clear-CodexFolder {
    # Removes what killed runs left in a folder.
    param ([string]$Path)

    $files = Get-CodexLeftover -Folders @($Path)
    foreach ($file in $files) { [IO.File]::Delete($file) }
    New-CodexMap
}

Function Merge-CodexUnknown {
    # The JSON of Content with those fields of the file, and of its tokens, that Content does not have.
    # Unwanted: names of fields that belong to the old login and go with it.
    param ([byte[]]$Content, [byte[]]$There, [AllowEmptyCollection()][string[]]$Unwanted)

    $new = Read-CodexJson -Text ([Text.Encoding]::UTF8.GetString($Content))
    $old = Read-CodexJson -Text ([Text.Encoding]::UTF8.GetString($There))
    $merged = Join-CodexMap -First $new -Second $old -Unwanted @()
    if ($new['tokens'] -is [System.Collections.IDictionary] -and $old['tokens'] -is [System.Collections.IDictionary]) {
        $merged['tokens'] = Join-CodexMap -First $new['tokens'] -Second $old['tokens'] -Unwanted $Unwanted
    }
    , [Text.Encoding]::UTF8.GetBytes((ConvertTo-CodexJson -Value $merged -Indent))
}

Function Join-CodexMap {
    # The fields of one map, then those of another that it does not have, but for the unwanted ones.
    param ($First, $Second, [AllowEmptyCollection()][string[]]$Unwanted)

    $joined = New-CodexMap
    foreach ($name in $First.psbase.Keys) { $joined[$name] = $First[$name] }
    foreach ($name in $Second.psbase.Keys) {
        if (-not $First.Contains($name) -and $Unwanted -cnotcontains $name) { $joined[$name] = $Second[$name] }
    }
    $joined
}

Export-ModuleMember -Function Invoke-CodexOperation, Get-CodexLockPath
