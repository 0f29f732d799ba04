# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Copies of files that an operation is about to change. Runs on the target, as a part of apply.

#AnsibleRequires -PowerShell ansible_collections.fleet.codex.plugins.module_utils._win_target.json
#AnsibleRequires -PowerShell ansible_collections.fleet.codex.plugins.module_utils._win_target.errors
#AnsibleRequires -PowerShell ansible_collections.fleet.codex.plugins.module_utils._win_apply.writing

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

Function Invoke-CodexBackedUp {
    <#
    .SYNOPSIS
    Makes a change, and returns its result with the backup that the operation asks for.
    None is left of a change that a conflict prevented.
    #>
    param ([string]$Path, $Operation, $User, [byte[]]$There, [scriptblock]$Change)

    $result = New-CodexMap
    $result['in_place'] = $false
    if (-not $Operation['backup']) {
        & $Change
        return $result
    }
    $copy = Backup-CodexFile -Path $Path -User $User -There $There
    try {
        & $Change
    }
    catch {
        if ($copy -and (ConvertTo-CodexSystemError -Exception $_.Exception -Path $Path)['reason'] -eq 'conflict') {
            [IO.File]::Delete($copy)
        }
        throw
    }
    if ($copy -and $null -ne $Operation['backup_keep']) {
        Remove-CodexBackup -Path $Path -Keep $Operation['backup_keep'] -Made $copy
    }
    $result['backup_file'] = $copy
    return $result
}

Function Backup-CodexFile {
    # Writes what was read of a file beside it, for its account alone; $null without a file.
    param ([string]$Path, $User, [byte[]]$There)

    if ($null -eq $There) {
        return $null
    }
    $time = [DateTime]::Now.ToString('yyyyMMdd-HHmmss', [Globalization.CultureInfo]::InvariantCulture)
    $copy = '{0}.{1}.{2}.bak' -f $Path, $PID, $time
    Write-CodexFile -Path $copy -Content $There -Access 'private' -User $User -Expected $null
    return $copy
}

Function Remove-CodexBackup {
    # Removes all backups of a file but so many: the one just made, whatever the clock, and the newest by their names.
    param ([string]$Path, [int]$Keep, [string]$Made)

    $pattern = '^' + [regex]::Escape([IO.Path]::GetFileName($Path)) + '\.[0-9]+\.([0-9]{8}-[0-9]{6})\.bak$'
    $found = @(foreach ($file in [IO.Directory]::GetFiles([IO.Path]::GetDirectoryName($Path))) {
        $match = [regex]::Match([IO.Path]::GetFileName($file), $pattern)
        if ($match.Success -and $file -ne $Made) {
            [pscustomobject] @{ Time = $match.Groups[1].Value; File = $file }
        }
    })
    $surplus = [Math]::Max($found.Count + 1 - $Keep, 0)
    foreach ($backup in @($found | Sort-Object -Property Time, File | Select-Object -First $surplus)) {
        [IO.File]::Delete($backup.File)
    }
}

Export-ModuleMember -Function Invoke-CodexBackedUp
