# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Where a Codex home and its files are, and who can change where a path leads. Runs on the target.

#AnsibleRequires -PowerShell ansible_collections.fleet.codex.plugins.module_utils._win_target.access
#AnsibleRequires -PowerShell ansible_collections.fleet.codex.plugins.module_utils._win_target.errors
#AnsibleRequires -PowerShell ansible_collections.fleet.codex.plugins.module_utils._win_target.json
#AnsibleRequires -PowerShell ansible_collections.fleet.codex.plugins.module_utils._win_target.users

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

$script:LINK_LIMIT = 200 # steps of one path; more of them is a loop of links
$script:SEPARATOR = [System.IO.Path]::DirectorySeparatorChar
$script:PROGRAM_DATA = '%ProgramData%'

Function Find-CodexHome {
    <#
    .SYNOPSIS
    The Codex home's absolute path, links not followed. Throws target errors.
    #>
    param (
        [System.Collections.IDictionary]$HomeRequest, [System.Collections.IDictionary]$User,
        [System.Collections.IDictionary]$Environment
    )

    $path = $HomeRequest['codex_home']
    if (-not $path -and $null -eq $HomeRequest['user']) { $path = $Environment['CODEX_HOME'] }
    if (-not $path) { $path = $User['home_directory'] + $SEPARATOR + '.codex' }
    $path = Resolve-CodexLocalPath -Path $path
    if ((Test-OnWindows) -and (Test-CodexSystemFolder -Path $path -User $User)) {
        throw (New-CodexTargetError -Reason system_folder -Details @{ path = $path })
    }
    $path
}

Function Test-CodexSystemFolder {
    # Whether a folder is a disk, one of Windows's own, a profile, or one above them: it must never be made private.
    param ([string]$Path, [System.Collections.IDictionary]$User)

    $places = @($User['home_directory'])
    foreach ($name in 'Windows', 'System', 'ProgramFiles', 'ProgramFilesX86', 'CommonApplicationData', 'UserProfile') {
        $places += [Environment]::GetFolderPath($name)
    }
    foreach ($place in $places) {
        if ($place -and ($place -eq $Path -or (Test-CodexInside -Path $place -Folder $Path))) { return $true }
    }
    if ([System.IO.Path]::GetPathRoot($Path) -eq $Path) { return $true }
    # SYSTEM has its profile there.
    (Test-CodexInside -Path $Path -Folder $places[1]) -and -not (Test-CodexInside -Path $Path -Folder $places[0])
}

Function Resolve-CodexPath {
    <#
    .SYNOPSIS
    The path that a file query or an operation names by `base` and `path`.
    #>
    param (
        [System.Collections.IDictionary]$Item, [System.Collections.IDictionary]$User, [string]$CodexHome,
        [System.Collections.IDictionary]$Environment
    )

    $path = $Item['path']
    if ($Item['base'] -eq 'host') {
        if ($path.StartsWith($PROGRAM_DATA, [StringComparison]::OrdinalIgnoreCase)) {
            $path = (Get-CodexProgramData -Environment $Environment) + $path.Substring($PROGRAM_DATA.Length)
            $path = $path.Replace('\', $SEPARATOR)
        }
        return Resolve-CodexLocalPath -Path $path
    }
    $base = if ($Item['base'] -eq 'codex_home') { $CodexHome } else { $User['home_directory'] }
    if (-not $path) { return $base }
    if (Test-CodexRooted -Path $path) { return Resolve-CodexLocalPath -Path $path }
    Resolve-CodexLocalPath -Path ($base + $SEPARATOR + $path)
}

Function Get-CodexProgramData {
    # The folder for the data of programs of the whole host.
    param ([System.Collections.IDictionary]$Environment)

    if (Test-OnWindows) { return [Environment]::GetFolderPath('CommonApplicationData') }
    if ($Environment['ProgramData']) { return $Environment['ProgramData'] }
    '/etc'
}

Function Test-CodexRooted {
    <#
    .SYNOPSIS
    Whether a path of a request does not depend on another one.
    #>
    param ([string]$Path)

    if (Test-OnWindows) { return $Path -match '^([A-Za-z]:|[\\/])' }
    $Path.StartsWith('/')
}

Function Resolve-CodexLocalPath {
    <#
    .SYNOPSIS
    A path without superfluous separators and dots. Throws target errors for one that is not absolute, or not local.
    #>
    param ([string]$Path)

    if (-not (Test-OnWindows)) {
        if (-not $Path.StartsWith('/')) { throw (New-CodexTargetError -Reason relative -Details @{ path = $Path }) }
        $full = [System.IO.Path]::GetFullPath($Path)
        if ($full.Length -gt 1) { return $full.TrimEnd('/') }
        return $full
    }
    if ($Path -match '^[\\/]{2}') { throw (New-CodexTargetError -Reason network_path -Details @{ path = $Path }) }
    if ($Path -notmatch '^[A-Za-z]:[\\/]') { throw (New-CodexTargetError -Reason relative -Details @{ path = $Path }) }
    if ($Path.Substring(2) -match '[:*?"<>|\x00-\x1f]') { throw (New-CodexSystemError -Code EINVAL -Path $Path) }
    if ([System.IO.DriveInfo]::new($Path.Substring(0, 3)).DriveType -eq [System.IO.DriveType]::Network) {
        throw (New-CodexTargetError -Reason network_path -Details @{ path = $Path })
    }
    $full = [System.IO.Path]::GetFullPath($Path)
    if ($full -notmatch '^[A-Za-z]:\\') { throw (New-CodexSystemError -Code EINVAL -Path $Path) } # a device, such as NUL
    if ($full.Length -gt 3) { return $full.TrimEnd('\') }
    $full
}

Function Test-CodexInside {
    <#
    .SYNOPSIS
    Whether a path is below a folder.
    #>
    param ([string]$Path, [string]$Folder)

    $comparison = if (Test-OnWindows) { [StringComparison]::OrdinalIgnoreCase } else { [StringComparison]::Ordinal }
    $Path.StartsWith($Folder.TrimEnd($SEPARATOR) + $SEPARATOR, $comparison)
}

Function Get-CodexWalk {
    <#
    .SYNOPSIS
    Every step of a path, links resolved one by one: Steps (Path, IsLink, IsFolder), IsComplete, and Final, the last one.

    .DESCRIPTION
    IsComplete is false where a step is missing or out of reach. Final has then what is missing added to it.
    #>
    param ([string]$Path)

    $steps = [System.Collections.ArrayList]::new()
    $current = [System.IO.Path]::GetPathRoot($Path)
    $pending = [System.Collections.Stack]::new()
    Push-CodexName -Stack $pending -Path $Path.Substring($current.Length)
    $null = $steps.Add((Get-CodexStep -Path $current))
    $isComplete = $null -ne $steps[0]
    if (-not $isComplete) { $steps.Clear() }
    while ($isComplete -and $pending.Count -gt 0) {
        $name = $pending.Pop()
        if ($name -eq '..') {
            $parent = [System.IO.Path]::GetDirectoryName($current)
            if ($parent) { $current = $parent }
            continue
        }
        $place = [System.IO.Path]::Combine($current, $name)
        $step = Get-CodexStep -Path $place
        if ($null -eq $step) {
            $pending.Push($name)
            $isComplete = $false
            break
        }
        $null = $steps.Add($step)
        if ($steps.Count -gt $LINK_LIMIT) { throw (New-CodexSystemError -Code ELOOP -Path $Path) }
        if ($step.IsLink -and -not $step.IsVolume) {
            $rooted = Test-CodexRooted -Path $step.Target
            $target = if ($rooted) { Resolve-CodexLocalPath -Path $step.Target } else { $step.Target }
            if ($rooted) { $current = [System.IO.Path]::GetPathRoot($target) }
            Push-CodexName -Stack $pending -Path $(if ($rooted) { $target.Substring($current.Length) } else { $target })
        }
        else {
            $current = $place
        }
    }
    foreach ($name in $pending) { $current = [System.IO.Path]::Combine($current, $name) }
    @{ Steps = $steps.ToArray(); IsComplete = $isComplete; Final = $current }
}

Function Push-CodexName {
    # Puts the names of a path onto a stack, the first one uppermost.
    param ([System.Collections.Stack]$Stack, [AllowEmptyString()][string]$Path)

    $separators = [char[]]@($SEPARATOR, [System.IO.Path]::AltDirectorySeparatorChar)
    $names = $Path.Split($separators)
    [Array]::Reverse($names)
    foreach ($name in $names) {
        if ($name -ne '' -and $name -ne '.') { $Stack.Push($name) }
    }
}

Function Get-CodexStep {
    <#
    .SYNOPSIS
    What is at a path, a link not followed: Path, IsLink, Target, IsFolder; null where nothing is.

    .DESCRIPTION
    Null, too, for what is out of reach, unless -Throw is given.
    #>
    param ([string]$Path, [switch]$Throw)

    if (Test-CodexMissing -Path $Path) { return $null } # most files are; an exception would cost more than all else
    try {
        $attributes = [System.IO.File]::GetAttributes($Path)
    }
    catch {
        if (-not (Test-CodexSystemException -Exception $_.Exception)) { throw }
        if ($Throw -and 'ENOENT', 'ENOTDIR' -notcontains (Get-CodexErrorCode -Exception $_.Exception)) { throw }
        return $null
    }
    $target = $null
    if ($attributes -band [System.IO.FileAttributes]::ReparsePoint) { $target = Get-CodexLinkTarget -Path $Path }
    @{
        Path = $Path
        IsLink = $null -ne $target
        IsVolume = $null -ne $target -and $target -match '^Volume\{' # mounted there, or a folder in it: it has no other path
        Target = $target
        IsFolder = [bool]($attributes -band [System.IO.FileAttributes]::Directory)
    }
}

Function Test-CodexMissing {
    # Whether nothing is at a path, as far as its folder can be listed.
    param ([string]$Path)

    if ([System.IO.File]::Exists($Path) -or [System.IO.Directory]::Exists($Path)) { return $false }
    $folder = [System.IO.Path]::GetDirectoryName($Path)
    if (-not [System.IO.Directory]::Exists($folder)) { return $false }
    try {
        return [System.IO.Directory]::GetFileSystemEntries($folder, [System.IO.Path]::GetFileName($Path)).Length -eq 0
    }
    catch {
        if (-not (Test-CodexSystemException -Exception $_.Exception)) { throw }
        return $false
    }
}

Function Get-CodexLinkTarget {
    # Where a symbolic link or a junction leads; null for what is none, such as a file kept in a cloud.
    param ([string]$Path)

    $link = Get-Item -LiteralPath $Path -Force
    if ($link.LinkType -ne 'SymbolicLink' -and $link.LinkType -ne 'Junction') { return $null }
    $target = [string]@($link.Target)[0]
    $target -replace '^(\\\\\?\\|\\\?\?\\)', ''
}

Function Get-CodexFinalPath {
    <#
    .SYNOPSIS
    A path with all links followed, as far as it is there.
    #>
    param ([string]$Path)

    (Get-CodexWalk -Path $Path).Final
}

Function Test-CodexWay {
    <#
    .SYNOPSIS
    The folder nearest to a path's end that is there (`folder`), and whether that is the end (`is_complete`).

    .DESCRIPTION
    Throws a target error unless the account, SYSTEM and administrators alone can change where the path leads. What is at
    the end itself may be open to others, since a Codex home is given its access before anything is put into it; with
    -IsParent it may not. In the profile of the account that runs this the way starts there, since it has to take that
    as it is.
    #>
    param ([string]$Path, [System.Collections.IDictionary]$User, [switch]$IsParent)

    $walked = Get-CodexWalk -Path $Path
    $isInside = Test-CodexInside -Path $Path -Folder $User['home_directory']
    $first = 0
    if ($isInside -and -not (Test-CodexOtherUser -User $User)) {
        $first = (Get-CodexWalk -Path $User['home_directory']).Steps.Count
    }
    $folder = $null
    $last = $walked.Steps.Count - 1
    for ($n = 0; $n -le $last; $n++) {
        $step = $walked.Steps[$n]
        if ($step.IsFolder -and (-not $step.IsLink -or $step.IsVolume)) { $folder = $step.Path }
        if ($n -lt $first) { continue }
        $isEnd = $walked.IsComplete -and $n -eq $last -and -not $IsParent
        Test-CodexStep -Step $step -User $User -IsEnd $isEnd
    }
    $way = New-CodexMap
    $way['folder'] = $folder
    $way['is_complete'] = $walked.IsComplete
    $way
}

Function Test-CodexStep {
    # Throws a target error for a step of a way that others can change, or that is no folder.
    param ([hashtable]$Step, [System.Collections.IDictionary]$User, [bool]$IsEnd)

    if ($Step.IsLink) {
        if (-not (Test-CodexLinkSafe -Path $Step.Path -User $User)) {
            throw (New-CodexTargetError -Reason link_of_user -Details @{ path = $Step.Path; user = $User['name'] })
        }
        if (-not $Step.IsVolume) { return }
    }
    if (-not $Step.IsFolder) { throw (New-CodexTargetError -Reason not_a_directory -Details @{ path = $Step.Path }) }
    $other = Get-CodexIntruder -Path $Step.Path -User $User
    $names = @{ path = $Step.Path; user = $User['name'] }
    if ($other.owner) { throw (New-CodexTargetError -Reason foreign -Details ($names + @{ owner = $other.owner })) }
    if ($IsEnd) { return }
    if ($other.who) { throw (New-CodexTargetError -Reason changeable -Details ($names + @{ who = $other.who })) }
}

Function Test-CodexLinkSafe {
    # Whether nobody else can put another link in the place of this one: who may add to the folder that it is in, or
    # change it. An administrator who works for another account does not follow that one's links either, which would lead
    # with the administrator's rights to where the account has none.
    param ([string]$Path, [System.Collections.IDictionary]$User)

    $folder = [System.IO.Path]::GetDirectoryName($Path)
    $trusted = if (Test-CodexOtherUser -User $User) { $null } else { $User }
    $null -eq (Get-CodexNewcomer -Path $folder -User $trusted)
}

Function Test-CodexHostWay {
    <#
    .SYNOPSIS
    Who else than administrators can change a folder that leads to a file of the whole host: null, or a map of
    unsafe_parent, the folder, and unsafe_who.
    #>
    param ([string]$Path)

    foreach ($step in (Get-CodexWalk -Path $Path).Steps) {
        if (-not $step.IsLink -and -not $step.IsFolder) { continue } # the file itself
        $who = Get-CodexHostStranger -Step $step
        if (-not $who) { continue }
        $answer = New-CodexMap
        $answer['unsafe_parent'] = $step.Path
        $answer['unsafe_who'] = $who
        return $answer
    }
    $null
}

Function Get-CodexHostStranger {
    # The name of somebody else than an administrator who can change where a step leads; null where there is none.
    param ([hashtable]$Step)

    $administrator = Get-CodexRunningAdministrator
    if ($Step.IsLink) {
        return Get-CodexNewcomer -Path ([System.IO.Path]::GetDirectoryName($Step.Path)) -User $administrator
    }
    $other = Get-CodexIntruder -Path $Step.Path -User $administrator
    if ($other.owner) { return $other.owner }
    $other.who
}

Export-ModuleMember -Function Find-CodexHome, Resolve-CodexPath, Test-CodexRooted, Test-CodexInside, Get-CodexWalk, `
    Get-CodexStep, Get-CodexFinalPath, Test-CodexWay, Test-CodexHostWay
