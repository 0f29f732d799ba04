# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Changing files whole, and only if they are what the controller saw. Runs on the target, as a part of apply.

#AnsibleRequires -PowerShell ansible_collections.fleet.codex.plugins.module_utils._win_target.errors
#AnsibleRequires -PowerShell ansible_collections.fleet.codex.plugins.module_utils._win_target.users
#AnsibleRequires -PowerShell ansible_collections.fleet.codex.plugins.module_utils._win_target.way
#AnsibleRequires -PowerShell ansible_collections.fleet.codex.plugins.module_utils._win_target.access
#AnsibleRequires -PowerShell ansible_collections.fleet.codex.plugins.module_utils._win_target.making
#AnsibleRequires -PowerShell ansible_collections.fleet.codex.plugins.module_utils._win_target.reading
#AnsibleRequires -PowerShell ansible_collections.fleet.codex.plugins.module_utils._win_apply.locks

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

$script:HELD_TIME_LIMIT = 20 # seconds to wait for a file that another program holds: an editor, a scanner, Codex
$script:HELD_PAUSE = 100 # milliseconds between two attempts, without the locks

Function Test-CodexLink {
    <#
    .SYNOPSIS
    Whether a symbolic link or a junction is at a path.
    #>
    param ([string]$Path)

    $step = Get-CodexStep -Path $Path
    $null -ne $step -and $step.IsLink
}

Function Get-CodexContent {
    <#
    .SYNOPSIS
    A file's bytes, $null where there is none; waits for a program that lets nobody read it meanwhile.

    .DESCRIPTION
    Locks: Codex's, which are held for each attempt, since Codex cannot replace a file that is open (measured).
    #>
    param ([string]$Path, [AllowEmptyCollection()][string[]]$Locks = @(), $User)

    if ([IO.Directory]::Exists($Path)) { throw (New-CodexSystemError -Code EISDIR -Path $Path) }
    if (-not [IO.File]::Exists($Path)) { $Locks = @() } # nor may there be a folder for them
    $clock = [Diagnostics.Stopwatch]::StartNew()
    while ($true) {
        $streams = Lock-CodexFile -Paths $Locks -User $User
        try {
            return , (Read-CodexFile -Path $Path)
        }
        catch {
            $isHeld = (ConvertTo-CodexSystemError -Exception $_.Exception -Path $Path)['code'] -eq 'EBUSY'
            if (-not $isHeld -or $clock.Elapsed.TotalSeconds -gt $HELD_TIME_LIMIT) { throw }
        }
        finally {
            Unlock-CodexFile -Streams $streams
        }
        Start-Sleep -Milliseconds $HELD_PAUSE
    }
}

Function Confirm-CodexContent {
    <#
    .SYNOPSIS
    Throws a conflict unless the digest of what was read of a file is the expected one ($null: no file).
    #>
    param ([byte[]]$Bytes, $Expected)

    $digest = if ($null -ne $Bytes) { Get-CodexDigest -Bytes $Bytes } else { $null }
    if ($digest -ne $Expected) { throw (New-CodexTargetError -Reason conflict) }
}

Function Write-CodexFile {
    <#
    .SYNOPSIS
    Replaces a file whole, or makes it. Throws a conflict, before anything happened, when it is not the expected one.

    .DESCRIPTION
    The bytes go into a temporary file beside the final one, which has its access from its first moment, and reach the
    disk before the move. It stays open until the move, so that another run sees that this one is alive.
    A symbolic link is kept and its target replaced, but for other accounts: their links are never followed.
    #>
    param ([string]$Path, [byte[]]$Content, [string]$Access, $User, $Expected,
        [AllowEmptyCollection()][string[]]$Locks = @())

    $final = $Path
    if (-not (Test-CodexOtherUser -User $User)) {
        $final = Get-CodexFinalPath -Path $Path
    }
    elseif (Test-CodexLink -Path $Path) {
        throw (New-CodexLinkError -Path $Path -User $User)
    }
    $name = (Get-CodexTemporaryPrefix) + [Guid]::NewGuid().ToString('N').Substring(0, 16)
    $temporary = [IO.Path]::Combine([IO.Path]::GetDirectoryName($final), $name)
    $kept = if ([IO.File]::Exists($final)) { Get-CodexKeptEntry -Path $final -User $User } else { @() }
    $open = @{ stream = New-CodexFile -Path $temporary -Access $Access -User $User -Kept $kept }
    try {
        $open.stream.Write($Content, 0, $Content.Length)
        $open.stream.Flush($true)
        Invoke-CodexChange -Path $Path -Locks $Locks -User $User -Change {
            Confirm-CodexContent -Bytes (Read-CodexFile -Path $Path) -Expected $Expected
            if ([IO.File]::Exists($final)) { Clear-CodexReadOnly -Path $final } # else even its owner cannot replace it
            $open.stream.Dispose()
            Move-CodexFile -From $temporary -To $final -IsNew ($null -eq $Expected)
        } -Between {
            $open.stream = [IO.FileStream]::new($temporary, 'Open', 'Read', 'None')
        }
    }
    catch {
        $open.stream.Dispose()
        try {
            [IO.File]::Delete($temporary)
        }
        catch {
            Write-Debug 'The temporary file stays. The next run removes it.'
        }
        throw
    }
}

Function Remove-CodexFile {
    <#
    .SYNOPSIS
    Removes a file, or a link in its place (IsLink). Throws a conflict where it is not the expected one, or no link.
    #>
    param ([string]$Path, $User, $Expected, [bool]$IsLink, [AllowEmptyCollection()][string[]]$Locks = @())

    Invoke-CodexChange -Path $Path -Locks $Locks -User $User -Change {
        if ($IsLink -ne (Test-CodexLink -Path $Path)) { throw (New-CodexTargetError -Reason conflict) }
        if (-not $IsLink) {
            Confirm-CodexContent -Bytes (Read-CodexFile -Path $Path) -Expected $Expected
            if ([IO.File]::Exists($Path)) { Clear-CodexReadOnly -Path $Path }
        }
        elseif ([IO.File]::GetAttributes($Path) -band [IO.FileAttributes]::Directory) {
            [IO.Directory]::Delete($Path) # the link to a folder, not the folder
            return
        }
        [IO.File]::Delete($Path)
    } -Between { }
}

Function Invoke-CodexChange {
    # Compares and changes a file (Change) under the locks, again and again while another program holds the file.
    # The locks are held for that only: Codex gives up after 5 seconds. Between: what to do without them.
    param ([string]$Path, [string[]]$Locks, $User, [scriptblock]$Change, [scriptblock]$Between)

    $clock = [Diagnostics.Stopwatch]::StartNew()
    while ($true) {
        $streams = Lock-CodexFile -Paths $Locks -User $User
        try {
            & $Change
            return
        }
        catch {
            $facts = ConvertTo-CodexSystemError -Exception $_.Exception -Path $Path
            # Windows denies the access, too, to replace a file that is held (measured).
            if (@('EBUSY', 'EACCES') -notcontains $facts['code']) { throw }
            if ($clock.Elapsed.TotalSeconds -gt $HELD_TIME_LIMIT) {
                if (Test-CodexHeld -Path $Path) { throw (New-CodexSystemError -Code EBUSY -Path $Path) }
                throw
            }
        }
        finally {
            Unlock-CodexFile -Streams $streams
        }
        & $Between
        Start-Sleep -Milliseconds $HELD_PAUSE
    }
}

Function Test-CodexHeld {
    # Whether another program has a file open.
    param ([string]$Path)

    try {
        [IO.FileStream]::new($Path, 'Open', 'Read', 'None').Dispose()
        return $false
    }
    catch {
        return (Get-CodexErrorCode -Exception $_.Exception) -eq 'EBUSY'
    }
}

Function New-CodexLinkError {
    <#
    .SYNOPSIS
    The error of a link that another account made, or may have made, where an administrator would follow it.
    #>
    param ([string]$Path, $User)

    New-CodexTargetError -Reason link_of_user -Details @{ path = $Path; user = $User['name'] }
}

Function Move-CodexFile {
    # Puts a file in another one's place, in one step. IsNew: there was none; throws a conflict where there is one by now.
    param ([string]$From, [string]$To, [bool]$IsNew)

    if ($IsNew) {
        try {
            return [IO.File]::Move($From, $To)
        }
        catch {
            if ([IO.File]::Exists($To) -and [IO.File]::Exists($From)) { throw (New-CodexTargetError -Reason conflict) }
            throw
        }
    }
    if ($PSVersionTable['PSEdition'] -eq 'Core') {
        [IO.File]::Move($From, $To, $true) # PowerShell 7 only
    }
    else {
        # File.Move cannot replace there, and File.Replace keeps the old access and has a moment without a file.
        Add-Type -AssemblyName Microsoft.VisualBasic
        $loaded = @{ type = [type]'Microsoft.VisualBasic.FileIO.FileSystem' } # which is found only now
        $loaded.type::MoveFile($From, $To, $true)
    }
}

Export-ModuleMember -Function Test-CodexLink, Get-CodexContent, Confirm-CodexContent, Write-CodexFile, `
    Remove-CodexFile, New-CodexLinkError
