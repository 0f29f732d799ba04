# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Changes files of Codex homes, each only if it is what the controller saw. Runs on the target.

#AnsibleRequires -PowerShell ansible_collections.fleet.codex.plugins.module_utils._win_target.json
#AnsibleRequires -PowerShell ansible_collections.fleet.codex.plugins.module_utils._win_target.errors
#AnsibleRequires -PowerShell ansible_collections.fleet.codex.plugins.module_utils._win_target.users
#AnsibleRequires -PowerShell ansible_collections.fleet.codex.plugins.module_utils._win_target.way
#AnsibleRequires -PowerShell ansible_collections.fleet.codex.plugins.module_utils._win_target.reading
#AnsibleRequires -PowerShell ansible_collections.fleet.codex.plugins.module_utils._win_target.registry
#AnsibleRequires -PowerShell ansible_collections.fleet.codex.plugins.module_utils._win_target.codex_program
#AnsibleRequires -PowerShell ansible_collections.fleet.codex.plugins.module_utils._win_apply.operations
#AnsibleRequires -PowerShell ansible_collections.fleet.codex.plugins.module_utils._win_apply.processes
#AnsibleRequires -PowerShell ansible_collections.fleet.codex.plugins.module_utils._win_apply.writing

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

Function Invoke-CodexApply {
    <#
    .SYNOPSIS
    Does a home's operations in their order, and returns their results.

    .DESCRIPTION
    Nothing is done where the user's `codex` does not start with the configuration that the request has for it.
    Nobody is impersonated. So, for another account, files are held open in the folders that are worked in, since
    Windows renames no folder in which a file is open: the way that was looked at stays the way.
    #>
    param ($HomeRequest, $User, [string]$CodexHome, $Environment)

    $operations = @($HomeRequest['operations'])
    $answer = New-CodexMap
    if ($HomeRequest['start_check']) {
        $content = [Convert]::FromBase64String($HomeRequest['start_check'])
        $problem = Get-CodexStartProblem -User $User -Content $content
        if ($problem) {
            $answer['start_problem'] = $problem
            $answer['results'] = @()
            return $answer
        }
    }
    $guards = [System.Collections.Specialized.OrderedDictionary]::new()
    try {
        Confirm-CodexHostPlace -Operations $operations -User $User -CodexHome $CodexHome -Environment $Environment
        $places = @(foreach ($operation in $operations) {
                $place = Get-CodexPlace -Operation $operation -User $User -CodexHome $CodexHome `
                    -Environment $Environment
                Confirm-CodexPlace -Place $place -User $User -Guards $guards
                $place
            })
        $answer['results'] = @(for ($number = 0; $number -lt $operations.Count; $number++) {
                # Again: an operation before may have made the folder, or somebody else was quicker.
                Confirm-CodexHostPlace -Operations @($operations[$number]) -User $User -CodexHome $CodexHome `
                    -Environment $Environment
                Confirm-CodexPlace -Place $places[$number] -User $User -Guards $guards
                $isGuarded = $guards.Contains("$($places[$number]['folder'])")
                $result = Get-CodexResult -Operation $operations[$number] -Path $places[$number]['path'] -User $User `
                    -IsGuarded $isGuarded
                $result
                if ($result['status'] -ne 'done') { break }
            })
    }
    finally {
        foreach ($guard in $guards.psbase.Values) {
            $guard.Dispose()
            [IO.File]::Delete($guard.Name) # for Wine, which forgets to
        }
    }
    $answer
}

Function Get-CodexPlace {
    # Where an operation's file is: its path, and the folder the way to which nobody else may change; $null for a file
    # of the whole host, which was looked at before, and for variables.
    param ($Operation, $User, [string]$CodexHome, $Environment)

    $place = @{ folder = $null; is_home = $false }
    if ($Operation['base'] -eq 'environment') {
        $place['path'] = Get-CodexVariablesPath -Scope $Operation['path'] -User $User
        return $place
    }
    $place['path'] = Resolve-CodexPath -Item $Operation -User $User -CodexHome $CodexHome -Environment $Environment
    if ($Operation['base'] -eq 'host') { return $place }
    $isFolder = @('directory', 'clean') -contains $Operation['operation'] -or [IO.Directory]::Exists($place['path'])
    $place['folder'] = if ($isFolder) { $place['path'] } else { [IO.Path]::GetDirectoryName($place['path']) }
    $place['is_home'] = $place['folder'] -eq $CodexHome
    $place
}

Function Confirm-CodexPlace {
    # Throws unless nobody else can change where an operation's file is, and sees to it that this stays so.
    # Guards: what is held open, by the folder.
    param ($Place, $User, $Guards)

    $folder = $Place['folder']
    if ($null -eq $folder) { return }
    # Nobody else may put something into a folder that is worked in. A Codex home gets its access first.
    $isParent = -not $Place['is_home']
    $nearest = (Test-CodexWay -Path $folder -User $User -IsParent:$isParent)['folder']
    if (-not (Test-CodexOtherUser -User $User) -or $Guards.Contains($nearest)) { return }
    $name = (Get-CodexTemporaryPrefix) + [Guid]::NewGuid().ToString('N').Substring(0, 16)
    $path = [IO.Path]::Combine($nearest, $name)
    # Typed: .NET Framework has another constructor with as many arguments.
    $access = [IO.FileAccess]::ReadWrite
    $Guards[$nearest] = [IO.FileStream]::new($path, 'CreateNew', $access, 'None', 4096, 'DeleteOnClose')
    $null = Test-CodexWay -Path $folder -User $User -IsParent:$isParent # again: it could be changed until now
}

Function Confirm-CodexHostPlace {
    # Throws unless an administrator changes what is of the whole host and nobody else can change where that is.
    param ($Operations, $User, [string]$CodexHome, $Environment)

    foreach ($operation in $Operations) {
        $isVariables = $operation['base'] -eq 'environment' -and $operation['path'] -eq 'machine'
        if ($operation['base'] -ne 'host' -and -not $isVariables) { continue }
        $place = Get-CodexPlace -Operation $operation -User $User -CodexHome $CodexHome -Environment $Environment
        $path = $place['path']
        if (-not (Test-CodexAdministrator)) {
            $details = @{ path = $path; running = Get-CodexRunningName }
            throw (New-CodexTargetError -Reason host_needs_administrator -Details $details)
        }
        $unsafe = if ($isVariables) { $null } else { Test-CodexHostWay -Path $path }
        if ($null -ne $unsafe) {
            $details = @{ path = $unsafe['unsafe_parent']; who = $unsafe['unsafe_who'] }
            throw (New-CodexTargetError -Reason changeable_host -Details $details)
        }
    }
}

Function Get-CodexResult {
    # The result of one operation: done, conflict or failed.
    param ($Operation, [string]$Path, $User, [bool]$IsGuarded)

    $result = Invoke-CodexGuarded -Work {
        Invoke-CodexWatched -Operation $Operation -Path $Path -User $User -IsGuarded $IsGuarded
    }
    if (-not $result.Contains('error')) {
        $result['status'] = 'done'
        return $result
    }
    $facts = $result['error']
    $failed = New-CodexMap
    if ($facts['reason'] -eq 'conflict') {
        $failed['status'] = 'conflict'
    }
    elseif ($facts['reason'] -eq 'system') {
        foreach ($name in $facts.psbase.Keys) { $failed[$name] = $facts[$name] }
        $failed['status'] = 'failed'
        if ((Get-CodexLockPath -Path $Path -Operation $Operation) -contains $facts['path']) { return $failed }
    }
    else {
        throw (New-CodexTargetError -Reason $facts['reason'] -Details $facts)
    }
    $failed['path'] = $Path
    $failed
}

Function Invoke-CodexWatched {
    # Does an operation, and looks at its file again when the programs that may overwrite it have ended.
    param ($Operation, [string]$Path, $User, [bool]$IsGuarded)

    $isWatched = $Operation.Contains('watch_seconds')
    $running = if ($isWatched) { Get-CodexProcess -User $User } else { @{} }
    $result = Invoke-CodexOperation -Operation $Operation -Path $Path -User $User -IsGuarded $IsGuarded
    $written = $result['sha256']
    $result.Remove('sha256')
    if (-not $isWatched) { return $result }
    $now = Get-CodexProcess -User $User
    foreach ($id in $now.psbase.Keys) { $running[$id] = $now[$id] }
    $isOverwritten = $false
    if ($Operation['operation'] -ne 'variables') { # which no Codex writes
        Wait-CodexProcess -Running $running -User $User -Seconds $Operation['watch_seconds']
        $bytes = Get-CodexContent -Path $Path -Locks (Get-CodexLockPath -Path $Path -Operation $Operation) -User $User
        $digest = if ($null -ne $bytes) { Get-CodexDigest -Bytes $bytes } else { $null }
        $isOverwritten = $digest -ne $written
    }
    $result['overwritten'] = $isOverwritten
    $result['processes'] = @(foreach ($id in @($running.psbase.Keys | Sort-Object)) {
            $process = New-CodexMap
            $process['pid'] = $id
            $process['name'] = $running[$id]
            $process
        })
    $result
}

Export-ModuleMember -Function Invoke-CodexApply
