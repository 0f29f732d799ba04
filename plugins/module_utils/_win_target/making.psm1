# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# How a file or a folder is made private to an account, or readable by all. Runs on the target.
#
# On another system than Windows it gets the permissions of that system; the tests use that.

#AnsibleRequires -PowerShell ansible_collections.fleet.codex.plugins.module_utils._win_target.access
#AnsibleRequires -PowerShell ansible_collections.fleet.codex.plugins.module_utils._win_target.errors
#AnsibleRequires -PowerShell ansible_collections.fleet.codex.plugins.module_utils._win_target.users

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

$script:SYSTEM = 'S-1-5-18'
$script:ADMINISTRATORS = 'S-1-5-32-544'
$script:EVERYBODY = 'S-1-5-32-545', 'S-1-5-11', 'S-1-1-0' # Users, Authenticated Users, Everyone
$script:ICACLS_TIME_LIMIT = 30000 # milliseconds
$script:INVALID_OWNER = 1307, 1314 # errors of Windows: this process may not make that account the owner

Function Get-CodexSddl {
    <#
    .SYNOPSIS
    The security descriptor, as text, of what is "private" to the account with this SID, or "readable_by_all".

    .DESCRIPTION
    Nothing is inherited. Kept: entries as SDDL that stay beside those.
    #>
    param ([string]$Access, [string]$Sid, [bool]$IsFolder, [string[]]$Kept = @(), [switch]$WithoutOwner)

    $flags = if ($IsFolder) { 'OICI' } else { '' }
    $entries = @("(A;$flags;FA;;;SY)", "(A;$flags;FA;;;BA)")
    if ($Access -eq 'readable_by_all') {
        $owner = 'BA'
        $entries += "(A;$flags;0x1200a9;;;BU)" # read and execute
    }
    else {
        $owner = $Sid
        if ($Sid -ne $SYSTEM) { $entries = @("(A;$flags;FA;;;$Sid)") + $entries }
    }
    $denied = @($Kept | Where-Object { $_ -clike '(D;*' }) # first, as Windows wants it
    $allowed = @($Kept | Where-Object { $_ -cnotlike '(D;*' })
    $ownerText = if ($WithoutOwner) { '' } else { "O:$owner" }
    $ownerText + 'D:P' + (($denied + $entries + $allowed) -join '')
}

Function Get-CodexKeptEntry {
    <#
    .SYNOPSIS
    The entries, as SDDL, that stay whatever access is given: those of Codex's sandbox, and those that deny something to
    somebody else than the account, since it could not use its own file with them.
    #>
    param ([string]$Path, [System.Collections.IDictionary]$User)

    if (-not (Test-OnWindows)) { return , @() }
    $sections = [System.Security.AccessControl.AccessControlSections]::Access
    $security = [System.Security.AccessControl.FileSecurity]::new($Path, $sections)
    $binary = $security.GetSecurityDescriptorBinaryForm()
    $own = @($User['sid']) + $EVERYBODY + @(Get-CodexGroupSid -User $User)
    $list = [System.Security.AccessControl.RawSecurityDescriptor]::new($binary, 0).DiscretionaryAcl
    $kept = @(foreach ($ace in $list) {
            if ($ace -isnot [System.Security.AccessControl.CommonAce]) { continue }
            $isInherited = [bool]($ace.AceFlags -band [System.Security.AccessControl.AceFlags]::Inherited)
            $denies = $ace.AceQualifier -eq [System.Security.AccessControl.AceQualifier]::AccessDenied
            $isKept = ($denies -and -not $isInherited -and $own -notcontains $ace.SecurityIdentifier.Value) -or
            (Test-CodexSandboxSid -Sid $ace.SecurityIdentifier.Value)
            if ($isKept) { ConvertTo-CodexEntryText -Ace $ace }
        })
    , $kept
}

Function ConvertTo-CodexEntryText {
    # One entry of an access control list as SDDL, as one of the file's own.
    param ([System.Security.AccessControl.CommonAce]$Ace)

    $denies = $Ace.AceQualifier -eq [System.Security.AccessControl.AceQualifier]::AccessDenied
    $flags = ''
    foreach ($flag in ('ObjectInherit', 'OI'), ('ContainerInherit', 'CI'), ('NoPropagateInherit', 'NP'), ('InheritOnly', 'IO')) {
        if ($Ace.AceFlags -band [System.Security.AccessControl.AceFlags]$flag[0]) { $flags += $flag[1] }
    }
    '({0};{1};0x{2:x};;;{3})' -f $(if ($denies) { 'D' } else { 'A' }), $flags, $Ace.AccessMask, $Ace.SecurityIdentifier
}

Function New-CodexFile {
    <#
    .SYNOPSIS
    A new, empty file that has its access from its first moment, as an open FileStream that nobody else can open.

    .DESCRIPTION
    Where this process may not make the account the owner at once, the owner is set before the stream is returned.
    #>
    param (
        [string]$Path, [string]$Access, [System.Collections.IDictionary]$User, [string[]]$Kept = @(),
        [System.IO.FileOptions]$Options = [System.IO.FileOptions]::None
    )

    if (-not (Test-OnWindows)) { return New-CodexUnixFile -Path $Path -Access $Access -Options $Options }
    $sddl = Get-CodexSddl -Access $Access -Sid $User['sid'] -IsFolder $false -Kept $Kept
    try {
        return Open-CodexNewFile -Path $Path -Sddl $sddl -Options $Options
    }
    catch {
        if (-not (Test-CodexInvalidOwner -Exception $_.Exception)) { throw }
    }
    $sddl = Get-CodexSddl -Access $Access -Sid $User['sid'] -IsFolder $false -Kept $Kept -WithoutOwner
    $stream = Open-CodexNewFile -Path $Path -Sddl $sddl -Options $Options
    try {
        Set-CodexOwner -Path $Path -Access $Access -User $User
    }
    catch {
        $stream.Dispose()
        [System.IO.File]::Delete($Path)
        throw
    }
    $stream
}

Function Open-CodexNewFile {
    # A new file with a security descriptor, open for this process alone.
    param ([string]$Path, [string]$Sddl, [System.IO.FileOptions]$Options)

    $security = [System.Security.AccessControl.FileSecurity]::new()
    $security.SetSecurityDescriptorSddlForm($Sddl)
    $rights = [System.Security.AccessControl.FileSystemRights]'Read, Write'
    if ($PSVersionTable.PSEdition -eq 'Core') {
        $file = [System.IO.FileInfo]::new($Path)
        return [System.IO.FileSystemAclExtensions]::Create($file, 'CreateNew', $rights, 'None', 4096, $Options, $security) # PowerShell 7 only
    }
    [System.IO.FileStream]::new($Path, 'CreateNew', $rights, 'None', 4096, $Options, $security)
}

Function New-CodexFolder {
    <#
    .SYNOPSIS
    Makes a folder that has its access from its first moment. The folder above it must be there.
    #>
    param ([string]$Path, [string]$Access, [System.Collections.IDictionary]$User)

    if (-not (Test-OnWindows)) { return New-CodexUnixFolder -Path $Path -Access $Access }
    $sddl = Get-CodexSddl -Access $Access -Sid $User['sid'] -IsFolder $true
    try {
        Add-CodexNewFolder -Path $Path -Sddl $sddl
    }
    catch {
        if (-not (Test-CodexInvalidOwner -Exception $_.Exception)) { throw }
        $sddl = Get-CodexSddl -Access $Access -Sid $User['sid'] -IsFolder $true -WithoutOwner
        Add-CodexNewFolder -Path $Path -Sddl $sddl
        Set-CodexOwner -Path $Path -Access $Access -User $User
    }
    Confirm-CodexNewFolder -Path $Path -User $User
}

Function Confirm-CodexNewFolder {
    # Throws where a folder that was just made is somebody else's, who was quicker: .NET takes one that is there.
    param ([string]$Path, [System.Collections.IDictionary]$User)

    $owner = (Get-CodexSecurity -Path $Path).Owner
    if (Test-CodexOther -Sid $owner -User $User) {
        $details = @{ path = $Path; user = $User['name']; owner = Get-CodexAccountName -Sid $owner }
        throw (New-CodexTargetError -Reason foreign -Details $details)
    }
    foreach ($name in [System.IO.Directory]::EnumerateFileSystemEntries($Path)) {
        throw (New-CodexSystemError -Code EEXIST -Path $name)
    }
}

Function Add-CodexNewFolder {
    # Makes a folder with a security descriptor.
    param ([string]$Path, [string]$Sddl)

    $security = [System.Security.AccessControl.DirectorySecurity]::new()
    $security.SetSecurityDescriptorSddlForm($Sddl)
    if ($PSVersionTable.PSEdition -eq 'Core') {
        $null = [System.IO.FileSystemAclExtensions]::CreateDirectory($security, $Path) # PowerShell 7 only
    }
    else {
        $null = [System.IO.Directory]::CreateDirectory($Path, $security)
    }
}

Function Set-CodexAccess {
    <#
    .SYNOPSIS
    Gives a file or a folder that is there its access and its owner, and takes the attribute read-only from a file.
    #>
    param ([string]$Path, [string]$Access, [System.Collections.IDictionary]$User)

    $isFolder = [System.IO.Directory]::Exists($Path)
    if (-not (Test-OnWindows)) {
        $mode = Get-CodexUnixMode -Access $Access -IsFolder $isFolder
        [System.IO.File]::SetUnixFileMode($Path, $mode) # PowerShell 7 only
        return
    }
    if (Test-CodexReadOnly -Path $Path) { Clear-CodexReadOnly -Path $Path }
    $kept = Get-CodexKeptEntry -Path $Path -User $User
    $sddl = Get-CodexSddl -Access $Access -Sid $User['sid'] -IsFolder $isFolder -Kept $kept -WithoutOwner
    $security = if ($isFolder) { [System.Security.AccessControl.DirectorySecurity]::new() }
    else { [System.Security.AccessControl.FileSecurity]::new() }
    $security.SetSecurityDescriptorSddlForm($sddl, [System.Security.AccessControl.AccessControlSections]::Access)
    Write-CodexSecurity -Path $Path -Security $security -IsFolder $isFolder
    $owner = if ($Access -eq 'readable_by_all') { $ADMINISTRATORS } else { $User['sid'] }
    if ((Get-CodexOwner -Path $Path) -ne $owner) { Set-CodexOwner -Path $Path -Access $Access -User $User }
}

Function Write-CodexSecurity {
    # Writes what a security object has to a file or a folder.
    param (
        [string]$Path, [System.Security.AccessControl.FileSystemSecurity]$Security, [bool]$IsFolder
    )

    $item = if ($IsFolder) { [System.IO.DirectoryInfo]::new($Path) } else { [System.IO.FileInfo]::new($Path) }
    if ($PSVersionTable.PSEdition -eq 'Core') {
        [System.IO.FileSystemAclExtensions]::SetAccessControl($item, $Security) # PowerShell 7 only
    }
    else {
        $item.SetAccessControl($Security)
    }
}

Function Clear-CodexReadOnly {
    <#
    .SYNOPSIS
    Takes the attribute read-only from a file.
    #>
    param ([string]$Path)

    $attributes = [System.IO.File]::GetAttributes($Path)
    if ($attributes -band [System.IO.FileAttributes]::ReadOnly) {
        [System.IO.File]::SetAttributes($Path, $attributes -bxor [System.IO.FileAttributes]::ReadOnly)
    }
}

Function Test-CodexInvalidOwner {
    # Whether an exception says that this process may not make that account the owner.
    param ([Exception]$Exception)

    $number = (Get-CodexInnerException -Exception $Exception).HResult
    $INVALID_OWNER -contains ($number -band 65535) -or
    (Get-CodexInnerException -Exception $Exception) -is [System.Security.AccessControl.PrivilegeNotHeldException]
}

Function Set-CodexOwner {
    # Makes the account the owner, or Administrators of what all may read; icacls may do that for administrators.
    param ([string]$Path, [string]$Access, [System.Collections.IDictionary]$User)

    $owner = if ($Access -eq 'readable_by_all') { $ADMINISTRATORS } else { $User['sid'] }
    $start = [System.Diagnostics.ProcessStartInfo]::new()
    $start.FileName = [System.IO.Path]::Combine([Environment]::SystemDirectory, 'icacls.exe')
    $start.Arguments = '"{0}" /setowner *{1} /L /Q' -f $Path, $owner # a path has no quote in Windows
    $start.UseShellExecute = $false
    $start.CreateNoWindow = $true
    $start.RedirectStandardInput = $true
    $start.RedirectStandardOutput = $true
    $start.RedirectStandardError = $true
    $process = [System.Diagnostics.Process]::Start($start)
    try {
        $process.StandardInput.Close()
        $null = $process.StandardError.ReadToEndAsync() # read, so that it never waits for its output to be taken
        $null = $process.StandardOutput.ReadToEndAsync()
        if (-not $process.WaitForExit($ICACLS_TIME_LIMIT)) { $process.Kill() }
        if (-not $process.HasExited -or $process.ExitCode -ne 0) { throw (New-CodexSystemError -Code EACCES -Path $Path) }
    }
    finally {
        $process.Dispose()
    }
}

Function Get-CodexUnixMode {
    # The mode of another system for an access.
    param ([string]$Access, [bool]$IsFolder)

    $mode = if ($Access -eq 'readable_by_all') { 0x1a4 } else { 0x180 } # 0644, 0600
    if ($IsFolder) { $mode = if ($Access -eq 'readable_by_all') { 0x1ed } else { 0x1c0 } } # 0755, 0700
    [System.IO.UnixFileMode]$mode # PowerShell 7 only
}

Function New-CodexUnixFile {
    # New-CodexFile on another system.
    param ([string]$Path, [string]$Access, [System.IO.FileOptions]$Options)

    $how = [System.IO.FileStreamOptions]::new() # PowerShell 7 only
    $how.Mode = 'CreateNew'
    $how.Access = 'ReadWrite'
    $how.Share = 'None'
    $how.Options = $Options
    $how.UnixCreateMode = Get-CodexUnixMode -Access $Access -IsFolder $false
    [System.IO.FileStream]::new($Path, $how) # PowerShell 7 only
}

Function New-CodexUnixFolder {
    # New-CodexFolder on another system.
    param ([string]$Path, [string]$Access)

    $null = [System.IO.Directory]::CreateDirectory($Path, (Get-CodexUnixMode -Access $Access -IsFolder $true)) # PowerShell 7 only
}

Export-ModuleMember -Function Get-CodexSddl, Get-CodexKeptEntry, New-CodexFile, New-CodexFolder, Set-CodexAccess, `
    Clear-CodexReadOnly
