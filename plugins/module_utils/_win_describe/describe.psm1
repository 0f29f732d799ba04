# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Describes a Codex home and the files in it, without a secret. Runs on the target, and decides nothing.

#AnsibleRequires -PowerShell ansible_collections.fleet.codex.plugins.module_utils._win_describe.file_facts
#AnsibleRequires -PowerShell ansible_collections.fleet.codex.plugins.module_utils._win_target.access
#AnsibleRequires -PowerShell ansible_collections.fleet.codex.plugins.module_utils._win_target.errors
#AnsibleRequires -PowerShell ansible_collections.fleet.codex.plugins.module_utils._win_target.json
#AnsibleRequires -PowerShell ansible_collections.fleet.codex.plugins.module_utils._win_target.reading
#AnsibleRequires -PowerShell ansible_collections.fleet.codex.plugins.module_utils._win_target.registry
#AnsibleRequires -PowerShell ansible_collections.fleet.codex.plugins.module_utils._win_target.users
#AnsibleRequires -PowerShell ansible_collections.fleet.codex.plugins.module_utils._win_target.way

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

$script:PROFILE_NAME = '^[A-Za-z0-9_-]+\.config\.toml$'
$script:UNSAVED_LIMIT = 20 # files with renewed logins that are read
$script:BLOCK = 4096 # bytes that even a small profile counts for

$script:Variables = @{} # facts of the variables of accounts, by SID, and of the machine
$script:HostFiles = @{} # facts of files of the whole host, by their queries: alike for all homes

Function Invoke-CodexDescribe {
    <#
    .SYNOPSIS
    The facts about a home and the files that it asks for. Throws target errors.
    #>
    param (
        [System.Collections.IDictionary]$HomeRequest, [System.Collections.IDictionary]$User, [string]$CodexHome,
        [System.Collections.IDictionary]$Environment
    )

    $answer = New-CodexMap
    $answer['folder'] = Get-CodexFolderFact -CodexHome $CodexHome -User $User
    $answer['files'] = New-CodexMap
    $folders = @()
    foreach ($query in $HomeRequest['files']) {
        if ($query['base'] -eq 'environment') {
            $answer['files'][$query['name']] = Get-CodexVariableFact -Scope $query['path'] -User $User
            continue
        }
        $path = Resolve-CodexPath -Item $query -User $User -CodexHome $CodexHome -Environment $Environment
        if ($query['base'] -eq 'host') {
            $answer['files'][$query['name']] = Get-CodexHostFact -Query $query -Path $path -User $User
            $facts = $answer['files'][$query['name']]
            if (Test-CodexHostLeftover -Facts $facts) { $folders += Get-CodexFolderOf -Facts $facts }
            continue
        }
        $isOwn = -not (Test-CodexRooted -Path $query['path']) # others are not written
        if ($isOwn -and $query['base'] -eq 'home_directory') {
            $null = Test-CodexWay -Path ([System.IO.Path]::GetDirectoryName($path)) -User $User -IsParent
        }
        $answer['files'][$query['name']] =
        Get-CodexFileFact -Path $path -Details $query['details'] -User $User -CodexHome $CodexHome
        if ($isOwn) { $folders += Get-CodexFolderOf -Facts $answer['files'][$query['name']] }
    }
    Add-CodexFolderContent -Answer $answer -CodexHome $CodexHome -User $User
    $answer['leftovers'] = Get-CodexLeftover -Folders $folders
    # Again: another account may have led the way elsewhere while an administrator read. Then this throws.
    if (Test-CodexOtherUser -User $User) { $null = Test-CodexWay -Path $CodexHome -User $User }
    $answer['real_home'] = Get-CodexFinalPath -Path $CodexHome
    $answer['home_directory_exists'] = [System.IO.Directory]::Exists($User['home_directory'])
    $answer['is_root'] = Test-CodexAdministrator
    $answer['system'] = 'windows'
    $answer
}

Function Get-CodexFolderFact {
    # The Codex home's kind and access. Throws target errors where no Codex home can be.
    param ([string]$CodexHome, [System.Collections.IDictionary]$User)

    $way = Test-CodexWay -Path $CodexHome -User $User
    $facts = New-CodexMap
    $facts['path'] = $CodexHome
    if ($way['is_complete']) {
        $facts['kind'] = 'directory'
        $facts['access'] = Get-CodexAccess -Path $way['folder'] -User $User
        return $facts
    }
    if ($null -ne (Get-CodexStep -Path $CodexHome)) { # a link, or the way would be complete
        throw (New-CodexTargetError -Reason dangling -Details @{ path = $CodexHome })
    }
    $facts['kind'] = 'absent'
    $facts['below'] = $way['folder']
    $facts['writable'] = $null -ne $way['folder'] -and (Test-CodexCanAdd -Folder $way['folder'] -User $User)
    $facts['create_as_root'] = $false
    $facts
}

Function Get-CodexVariableFact {
    # The facts about the variables of the account, or of the machine: alike for all homes of one account, or for all.
    param ([string]$Scope, [System.Collections.IDictionary]$User)

    $key = if ($Scope -eq 'machine') { 'machine' } else { $User['sid'] }
    if (-not $Variables.ContainsKey($key)) { $Variables[$key] = Get-CodexVariable -Scope $Scope -User $User }
    $Variables[$key]
}

Function Get-CodexHostFact {
    # The facts about one file of the whole host, and who can change the way to it.
    param ([System.Collections.IDictionary]$Query, [string]$Path, [System.Collections.IDictionary]$User)

    $key = '{0}|{1}|{2}' -f $Query['name'], $Path, $Query['details']
    if ($HostFiles.ContainsKey($key)) { return $HostFiles[$key] }
    $facts = Get-CodexFileFact -Path $Path -Details $Query['details'] -User $User
    $unsafe = Test-CodexHostWay -Path $Path
    $facts['unsafe_parent'] = if ($null -ne $unsafe) { $unsafe['unsafe_parent'] } else { $null }
    $facts['unsafe_who'] = if ($null -ne $unsafe) { $unsafe['unsafe_who'] } else { $null }
    $HostFiles[$key] = $facts
    $facts
}

Function Test-CodexHostLeftover {
    # Whether leftovers beside a file of the whole host count: administrators alone look for them, where it is safe.
    param ([System.Collections.IDictionary]$Facts)

    (Test-CodexAdministrator) -and $null -eq $Facts['unsafe_parent']
}

Function Get-CodexFolderOf {
    # The folder in which a file is, and the one in which its link ends.
    param ([System.Collections.IDictionary]$Facts)

    [System.IO.Path]::GetDirectoryName($Facts['path'])
    if ($Facts.Contains('link')) { [System.IO.Path]::GetDirectoryName((Get-CodexFinalPath -Path $Facts['path'])) }
}

Function Add-CodexFolderContent {
    # Adds the profiles and the unsaved logins in a Codex home, and whether those are all.
    param ([System.Collections.IDictionary]$Answer, [string]$CodexHome, [System.Collections.IDictionary]$User)

    $listed = Get-CodexFolderName -Folder $CodexHome
    $names = $listed.names
    $profiles = Get-CodexProfileList -CodexHome $CodexHome -Names $names -User $User
    $Answer['profiles'] = $profiles.found
    $Answer['all_profiles'] = $profiles.is_whole -and $listed.is_whole
    $unsaved = @(foreach ($name in $names) { if ($name.StartsWith('.auth-', [StringComparison]::Ordinal)) { $name } })
    $Answer['unsaved_logins'] = Get-CodexUnsavedLogin -CodexHome $CodexHome -Names $unsaved -User $User
    $Answer['all_unsaved_logins'] = $unsaved.Count -le $UNSAVED_LIMIT -and $listed.is_whole
}

Function Get-CodexProfileList {
    # The files NAME.config.toml, which Codex 0.134 and later read with --profile NAME (measured); whether those are all.
    #
    # The home's owner could have any number of them read, so they count up to the size of one large file together.
    param ([string]$CodexHome, [string[]]$Names, [System.Collections.IDictionary]$User)

    $found = [System.Collections.ArrayList]::new()
    $left = Get-CodexSizeLimit
    foreach ($name in $Names) {
        if ($name -cnotmatch $PROFILE_NAME) { continue }
        $path = [System.IO.Path]::Combine($CodexHome, $name)
        $facts = Get-CodexFileFact -Path $path -Details content -User $User -CodexHome $CodexHome
        $size = if ($facts.Contains('content')) { $facts['content'].Length * 3 / 4 } else { 0 }
        $left -= [Math]::Max($size, $BLOCK)
        if ($left -lt 0 -or $facts['kind'] -eq 'oversized') { return @{ found = $found.ToArray(); is_whole = $false } }
        if ($facts['kind'] -eq 'file') { [void]$found.Add($facts) }
    }
    @{ found = $found.ToArray(); is_whole = $true }
}

Function Get-CodexUnsavedLogin {
    # Files with renewed logins that a killed Codex left before it could rename them (0.167.2 and later, measured).
    param ([string]$CodexHome, [string[]]$Names, [System.Collections.IDictionary]$User)

    $found = [System.Collections.ArrayList]::new()
    for ($n = 0; $n -lt $Names.Count -and $n -lt $UNSAVED_LIMIT; $n++) {
        $name = $Names[$n]
        $path = [System.IO.Path]::Combine($CodexHome, $name)
        $facts = Get-CodexFileFact -Path $path -Details auth -User $User -CodexHome $CodexHome -Once
        if ($facts['kind'] -eq 'absent') { continue }
        $facts['name'] = $name
        [void]$found.Add($facts)
    }
    , $found.ToArray()
}

Export-ModuleMember -Function Invoke-CodexDescribe
