# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Who may read and change a file or a folder. Runs on the target.
#
# PowerShell on another system than Windows takes the permissions of that system for it; the tests use that.

#AnsibleRequires -PowerShell ansible_collections.fleet.codex.plugins.module_utils._win_target.errors
#AnsibleRequires -PowerShell ansible_collections.fleet.codex.plugins.module_utils._win_target.json
#AnsibleRequires -PowerShell ansible_collections.fleet.codex.plugins.module_utils._win_target.users

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

$script:SYSTEM = 'S-1-5-18'
$script:ADMINISTRATORS = 'S-1-5-32-544'
$script:NOBODY_ELSE = @( # who can change everything anyway, or stands for the owner
    $SYSTEM
    $ADMINISTRATORS
    'S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464' # TrustedInstaller, who owns Windows's own files
    'S-1-3-0' # creator owner
    'S-1-3-1' # creator group
    'S-1-3-4' # owner rights
)
$script:EVERYBODY = 'S-1-5-32-545', 'S-1-5-11', 'S-1-1-0' # Users, Authenticated Users, Everyone
$script:SANDBOX_NAMES = 'CodexSandbox' # how Codex's own accounts for its sandbox begin

$script:GENERIC_ALL = 0x10000000
$script:MAY_READ = 0x1 -bor $GENERIC_ALL -bor [int]::MinValue # or generic read
$script:MAY_ADD = 0x6 -bor 0x40000000 -bor $GENERIC_ALL # write or append data, which in a folder is to add; generic write
$script:DELETE = 0x10000
$script:MAY_REPLACE = $DELETE -bor 0x40 -bor 0x40000 -bor 0x80000 -bor $GENERIC_ALL # delete (below), permissions, owner
$script:INHERIT_ONLY = 2 # of PropagationFlags: not for the folder itself
$script:NAMES_LIMIT = 20 # of accounts in one list

$script:AdministratorsOnly = @{} # paths of folders that nobody else can rename, delete or re-permission

$script:OnWindows = [System.IO.Path]::DirectorySeparatorChar -eq '\'

Function Test-OnWindows {
    <#
    .SYNOPSIS
    Whether this is Windows.
    #>
    $OnWindows
}

Function Get-CodexAccess {
    <#
    .SYNOPSIS
    Who may read and change a file or a folder: the facts `access` of docs/protocol.md. Links are followed.

    .DESCRIPTION
    Security: what Get-CodexSecurity says, where that was asked already.
    #>
    param ([string]$Path, [System.Collections.IDictionary]$User, $Security)

    if (-not $OnWindows) { return Get-CodexUnixAccess -Path $Path }
    if ($null -eq $Security) { $Security = Get-CodexSecurity -Path $Path }
    $readers = @{}
    $writers = @{}
    $isForAll = $false
    foreach ($rule in $security.Rules) {
        $sid = $rule.IdentityReference.Value
        if ($rule.AccessControlType -ne 'Allow' -or -not (Test-CodexOther -Sid $sid -User $User)) { continue }
        $rights = [int]$rule.FileSystemRights
        if ($rights -band $MAY_READ -and $readers.psbase.Count -lt $NAMES_LIMIT) {
            $readers[(Get-CodexAccountName -Sid $sid)] = $true
        }
        if ($rights -band ($MAY_ADD -bor $MAY_REPLACE) -and $writers.psbase.Count -lt $NAMES_LIMIT) {
            $writers[(Get-CodexAccountName -Sid $sid)] = $true
        }
        if ($rights -band $MAY_READ -and $EVERYBODY -contains $sid) { $isForAll = $true }
    }
    # An owner can always give itself the right to do so.
    if (Test-CodexOther -Sid $Security.Owner -User $User) { $writers[(Get-CodexAccountName -Sid $Security.Owner)] = $true }
    $access = New-CodexMap
    $access['owner_is_user'] = $security.Owner -eq $User['sid']
    $access['user'] = Test-CodexOwnAccess -Rules $security.Rules -User $User
    $access['readers'] = Get-CodexFirstName -Names $readers.psbase.Keys
    $access['writers'] = Get-CodexFirstName -Names $writers.psbase.Keys
    $access['everyone'] = $isForAll
    $access['inherits'] = -not $security.IsProtected
    $access['read_only'] = Test-CodexReadOnly -Path $Path
    $access
}

Function Get-CodexFirstName {
    # Names of accounts, sorted, and not more than an answer may have.
    param ([System.Collections.ICollection]$Names)

    $sorted = [System.Collections.ArrayList]::new($Names)
    $sorted.Sort([StringComparer]::Ordinal)
    if ($sorted.Count -gt $NAMES_LIMIT) { $sorted.RemoveRange($NAMES_LIMIT, $sorted.Count - $NAMES_LIMIT) }
    , $sorted.ToArray()
}

Function Get-CodexOwner {
    <#
    .SYNOPSIS
    The SID of the account that owns a file or a folder, or that its Security says.
    #>
    param ([string]$Path, $Security)

    if (-not $OnWindows) { return (Find-CodexUser)['sid'] } # .NET does not tell there
    if ($null -eq $Security) { $Security = Get-CodexSecurity -Path $Path }
    $Security.Owner
}

Function Get-CodexSecurity {
    <#
    .SYNOPSIS
    The owner's SID and the rules of the access control list of a file or a folder; null on another system.
    #>
    param ([string]$Path)

    if (-not $OnWindows) { return $null }
    $sections = [System.Security.AccessControl.AccessControlSections]'Owner, Access'
    $isFolder = [System.IO.Directory]::Exists($Path)
    try {
        $security = if ($isFolder) { [System.Security.AccessControl.DirectorySecurity]::new($Path, $sections) }
        else { [System.Security.AccessControl.FileSecurity]::new($Path, $sections) }
    }
    catch {
        if (Test-CodexSystemException -Exception $_.Exception) { throw }
        throw (New-CodexSystemError -Code EACCES -Path $Path) # such as of a kind of link that .NET does not know
    }
    $sidType = [System.Security.Principal.SecurityIdentifier]
    $ownerSid = $security.GetOwner($sidType)
    @{
        Owner = if ($null -eq $ownerSid) { '' } else { $ownerSid.Value }
        IsProtected = $security.AreAccessRulesProtected
        Rules = $security.GetAccessRules($true, $true, $sidType)
    }
}

Function Test-CodexOther {
    <#
    .SYNOPSIS
    Whether a SID is somebody else than the account, SYSTEM, the administrators and Codex's own sandbox.
    #>
    param ([string]$Sid, [System.Collections.IDictionary]$User)

    if ($null -ne $User -and $Sid -eq $User['sid']) { return $false }
    if ($NOBODY_ELSE -contains $Sid) { return $false }
    -not (Test-CodexSandboxSid -Sid $Sid)
}

Function Test-CodexSandboxSid {
    # Whether a SID is one of the local accounts that Codex makes for its sandbox.
    param ([string]$Sid)

    $Sid.StartsWith('S-1-5-21-') -and
    (Get-CodexAccountName -Sid $Sid).StartsWith($SANDBOX_NAMES, [StringComparison]::OrdinalIgnoreCase)
}

Function Test-CodexOwnAccess {
    # Whether the rules let the account read and change the file or folder itself.
    param ($Rules, [System.Collections.IDictionary]$User)

    $sids = @($User['sid']) + $EVERYBODY + @(Get-CodexGroupSid -User $User)
    $allowed = 0
    foreach ($rule in $Rules) {
        if ($rule.PropagationFlags -band $INHERIT_ONLY -or $sids -notcontains $rule.IdentityReference.Value) { continue }
        $rights = [int]$rule.FileSystemRights
        if ($rule.AccessControlType -eq 'Allow') { $allowed = $allowed -bor $rights }
        elseif ($rights -band ($MAY_READ -bor $MAY_ADD)) { return $false }
    }
    [bool]($allowed -band $MAY_READ) -and [bool]($allowed -band $MAY_ADD)
}

Function Get-CodexIntruder {
    <#
    .SYNOPSIS
    Who else can change where a way leads that goes through a folder: `owner` and `who`, names of accounts, or null.

    .DESCRIPTION
    owner: who owns the folder, if that is somebody else. who: somebody else who may rename, delete or re-permission it.
    #>
    param ([string]$Path, [AllowNull()][System.Collections.IDictionary]$User)

    if (-not $OnWindows) { return @{ owner = $null; who = Get-CodexUnixStranger -Path $Path } }
    if ($AdministratorsOnly.ContainsKey($Path)) { return @{ owner = $null; who = $null } }
    $security = Get-CodexSecurity -Path $Path
    $isOther = Test-CodexOther -Sid $security.Owner -User $User
    # A disk as a whole cannot be deleted or renamed: only who may delete what is in it can change the way.
    $right = if ([System.IO.Path]::GetPathRoot($Path) -eq $Path) { $MAY_REPLACE -band -bnot $DELETE } else { $MAY_REPLACE }
    # A folder that administrators alone can change stays that for all homes; most ways begin with the same ones.
    $forAll = Get-CodexNameWithRight -Rules $security.Rules -Right $right
    if ($null -eq $forAll -and $NOBODY_ELSE -contains $security.Owner) { $AdministratorsOnly[$Path] = $true }
    @{
        owner = if ($isOther) { Get-CodexAccountName -Sid $security.Owner } else { $null }
        who = if ($null -eq $forAll) { $null }
        else { Get-CodexNameWithRight -Rules $security.Rules -Right $right -User $User }
    }
}

Function Get-CodexNewcomer {
    <#
    .SYNOPSIS
    The name of somebody else who may put something into a folder, or change the folder itself; null where there is none.
    #>
    param ([string]$Path, [AllowNull()][System.Collections.IDictionary]$User)

    if (-not $OnWindows) { return Get-CodexUnixStranger -Path $Path }
    $security = Get-CodexSecurity -Path $Path
    if (Test-CodexOther -Sid $security.Owner -User $User) { return Get-CodexAccountName -Sid $security.Owner }
    Get-CodexNameWithRight -Rules $security.Rules -Right ($MAY_REPLACE -bor $MAY_ADD) -User $User
}

Function Get-CodexNameWithRight {
    # The name of somebody else to whom the rules give one of the rights on the folder itself; null where there is none.
    param ($Rules, [int]$Right, [AllowNull()][System.Collections.IDictionary]$User)

    foreach ($rule in $Rules) {
        $isFor = $rule.AccessControlType -eq 'Allow' -and -not ($rule.PropagationFlags -band $INHERIT_ONLY)
        if (-not $isFor -or -not ([int]$rule.FileSystemRights -band $Right)) { continue }
        $sid = $rule.IdentityReference.Value
        if (Test-CodexOther -Sid $sid -User $User) { return Get-CodexAccountName -Sid $sid }
    }
    $null
}

Function Test-CodexCanAdd {
    <#
    .SYNOPSIS
    Whether the account can put a file or a folder into a folder; an administrator who works for another one always can.
    #>
    param ([string]$Folder, [System.Collections.IDictionary]$User)

    if (Test-CodexOtherUser -User $User) { return $true }
    if (-not $OnWindows) { return [bool](([int][System.IO.File]::GetUnixFileMode($Folder)) -band 0x92) } # PowerShell 7 only
    Test-CodexOwnAccess -Rules (Get-CodexSecurity -Path $Folder).Rules -User $User
}

Function Test-CodexReadOnly {
    # Whether a file has the attribute read-only, which means nothing for a folder.
    param ([string]$Path)

    $attributes = [System.IO.File]::GetAttributes($Path)
    -not ($attributes -band [System.IO.FileAttributes]::Directory) -and
    [bool]($attributes -band [System.IO.FileAttributes]::ReadOnly)
}

Function Get-CodexUnixAccess {
    # The same facts as on Windows from the mode of another system.
    param ([string]$Path)

    $mode = [int][System.IO.File]::GetUnixFileMode($Path) # PowerShell 7 only
    $access = New-CodexMap
    $access['owner_is_user'] = $true
    $access['user'] = ($mode -band 0x180) -eq 0x180
    $access['readers'] = @(@('group', 0x20), @('others', 0x4) | Where-Object { $mode -band $_[1] } | ForEach-Object { $_[0] })
    $access['writers'] = @(@('group', 0x10), @('others', 0x2) | Where-Object { $mode -band $_[1] } | ForEach-Object { $_[0] })
    $access['everyone'] = [bool]($mode -band 0x4)
    $access['inherits'] = $false
    $access['read_only'] = -not [bool]($mode -band 0x80)
    $access
}

Function Get-CodexUnixStranger {
    # Who else may write in a folder of another system, unless only the owner of a file may remove it there (sticky).
    param ([string]$Path)

    $mode = [int][System.IO.File]::GetUnixFileMode($Path) # PowerShell 7 only
    if (-not ($mode -band 0x12) -or ($mode -band 0x200)) { return $null }
    if ($mode -band 0x2) { return 'others' }
    'group'
}

Export-ModuleMember -Function Test-OnWindows, Get-CodexAccess, Get-CodexOwner, Get-CodexSecurity, `
    Get-CodexIntruder, Get-CodexNewcomer, Test-CodexCanAdd, Test-CodexOther, Test-CodexSandboxSid, `
    Test-CodexReadOnly
