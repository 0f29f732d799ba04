# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# The accounts of a host, and where their profiles are. Runs on the target.

#AnsibleRequires -PowerShell ansible_collections.fleet.codex.plugins.module_utils._win_target.errors
#AnsibleRequires -PowerShell ansible_collections.fleet.codex.plugins.module_utils._win_target.json

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

$script:PROFILES = 'SOFTWARE\Microsoft\Windows NT\CurrentVersion\ProfileList'
$script:SERVICES = 'S-1-5-18', 'S-1-5-19', 'S-1-5-20' # SYSTEM, LOCAL SERVICE, NETWORK SERVICE
$script:OWN_SID = 'S-1-5-21-0-0-0-1000' # of the one account there is on another system than Windows

$script:Names = @{} # of accounts, by SID: Windows may ask a server for each
$script:Running = $null # who runs this: Sid, Groups, IsAdministrator

Function Find-CodexUser {
    <#
    .SYNOPSIS
    The account as a map of name, sid and home_directory; without a name the one that runs this. Throws target errors.
    #>
    param ([AllowNull()][AllowEmptyString()][string]$Name)

    if (-not (Test-OnWindows)) { return Find-CodexUnixUser -Name $Name }
    $running = Get-CodexRunning
    $sid = if ($Name) { Find-CodexSid -Name $Name } else { $running.Sid }
    $own = Get-CodexAccountName -Sid $running.Sid
    if ($sid -ne $running.Sid -and -not $running.IsAdministrator) {
        throw (New-CodexTargetError -Reason needs_administrator -Details @{ user = $Name; running = $own })
    }
    $directory = Get-CodexProfile -Sid $sid
    if (-not $directory -and $sid -eq $running.Sid) { $directory = [Environment]::GetFolderPath('UserProfile') }
    $canonical = Get-CodexAccountName -Sid $sid
    if (-not $directory -or -not [System.IO.Directory]::Exists($directory)) {
        throw (New-CodexTargetError -Reason no_profile -Details @{ user = $canonical })
    }
    ConvertTo-CodexUser -Name $canonical -Sid $sid -Directory $directory
}

Function ConvertTo-CodexUser {
    # The map for an account.
    param ([string]$Name, [string]$Sid, [string]$Directory)

    $user = New-CodexMap
    $user['name'] = $Name
    $user['sid'] = $Sid
    $user['home_directory'] = [System.IO.Path]::GetFullPath($Directory).TrimEnd('\')
    $user
}

Function Find-CodexSid {
    # The SID of an account by name: alice, DOMAIN\alice, alice@domain, or a SID.
    param ([string]$Name)

    $unknown = New-CodexTargetError -Reason unknown_user -Details @{ user = $Name }
    try {
        if ($Name -match '^S-1-[0-9-]+$') { return [System.Security.Principal.SecurityIdentifier]::new($Name).Value }
        $full = if ($Name.StartsWith('.\')) { [Environment]::MachineName + $Name.Substring(1) } else { $Name }
        $account = [System.Security.Principal.NTAccount]::new($full)
        return $account.Translate([System.Security.Principal.SecurityIdentifier]).Value
    }
    catch [System.Security.Principal.IdentityNotMappedException], [ArgumentException] {
        throw $unknown
    }
    catch [System.Management.Automation.MethodInvocationException] {
        throw $unknown
    }
}

Function Get-CodexProfile {
    # The folder of an account's profile, as the registry has it; null where it never logged in.
    param ([string]$Sid)

    $key = [Microsoft.Win32.Registry]::LocalMachine.OpenSubKey("$PROFILES\$Sid")
    if ($null -eq $key) { return $null }
    try { $key.GetValue('ProfileImagePath') } # expanded
    finally { $key.Dispose() }
}

Function Get-CodexUserName {
    <#
    .SYNOPSIS
    The names of all accounts with a profile that has a .codex folder; needs an administrator.
    #>
    if (-not (Test-OnWindows)) {
        $user = Find-CodexUnixUser
        return , @(@($user) | Where-Object { Test-CodexHasHome -Directory $_['home_directory'] } | ForEach-Object { $_['name'] })
    }
    $key = [Microsoft.Win32.Registry]::LocalMachine.OpenSubKey($PROFILES)
    if ($null -eq $key) { return , @() }
    try { $sids = @($key.GetSubKeyNames() | Where-Object { $_ -match '^S-1-[0-9-]+$' -and $SERVICES -notcontains $_ }) }
    finally { $key.Dispose() }
    , @($sids | Where-Object { Test-CodexHasHome -Directory (Get-CodexProfile -Sid $_) } |
            ForEach-Object { Get-CodexAccountName -Sid $_ })
}

Function Test-CodexHasHome {
    # Whether there is a folder .codex in a profile.
    param ([string]$Directory)

    [bool]$Directory -and [System.IO.Directory]::Exists([System.IO.Path]::Combine($Directory, '.codex'))
}

Function Get-CodexAccountName {
    <#
    .SYNOPSIS
    The name of an account by SID: `alice` for a local one, `DOMAIN\alice` for another, the SID where it has no name.
    #>
    param ([string]$Sid)

    if (-not $Names.ContainsKey($Sid)) { $Names[$Sid] = Find-CodexAccountName -Sid $Sid }
    $Names[$Sid]
}

Function Find-CodexAccountName {
    # The same, asked of Windows.
    param ([string]$Sid)

    if (-not (Test-OnWindows)) { return [Environment]::UserName }
    try {
        $identifier = [System.Security.Principal.SecurityIdentifier]::new($Sid)
        $name = $identifier.Translate([System.Security.Principal.NTAccount]).Value
    }
    catch {
        return $Sid # of an account that was removed, or whose server is out of reach
    }
    $domain, $account = $name.Split([char[]]'\', 2)
    if ($null -ne $account -and $domain -eq [Environment]::MachineName) { return $account }
    $name
}

Function Get-CodexRunning {
    # Who runs this, asked once.
    if ($null -eq $script:Running) {
        $identity = [System.Security.Principal.WindowsIdentity]::GetCurrent()
        $principal = [System.Security.Principal.WindowsPrincipal]::new($identity)
        $script:Running = [pscustomobject]@{
            Sid = $identity.User.Value
            Groups = @($identity.Groups | ForEach-Object { $_.Value })
            IsAdministrator = $principal.IsInRole([System.Security.Principal.WindowsBuiltInRole]::Administrator)
        }
    }
    $script:Running
}

Function Get-CodexRunningName {
    <#
    .SYNOPSIS
    The name of the account that runs this.
    #>
    if (-not (Test-OnWindows)) { return [Environment]::UserName }
    Get-CodexAccountName -Sid (Get-CodexRunning).Sid
}

Function Get-CodexGroupSid {
    <#
    .SYNOPSIS
    The SIDs of the groups of the account, as far as this process knows them: if it runs this.
    #>
    param ([System.Collections.IDictionary]$User)

    if (-not (Test-OnWindows) -or $User['sid'] -ne (Get-CodexRunning).Sid) { return , @() }
    , (Get-CodexRunning).Groups
}

Function Test-CodexAdministrator {
    <#
    .SYNOPSIS
    Whether an administrator, with the rights of one, runs this.
    #>
    if (-not (Test-OnWindows)) { return [Environment]::UserName -eq 'root' }
    (Get-CodexRunning).IsAdministrator
}

Function Get-CodexRunningAdministrator {
    <#
    .SYNOPSIS
    A map with the sid of the administrator who runs this, and can change everything anyway; null where it is none.
    #>
    if (-not (Test-CodexAdministrator)) { return $null }
    $administrator = New-CodexMap
    $administrator['sid'] = if (Test-OnWindows) { (Get-CodexRunning).Sid } else { $OWN_SID }
    $administrator
}

Function Test-CodexOtherUser {
    <#
    .SYNOPSIS
    Whether an administrator runs this for another account.
    #>
    param ([System.Collections.IDictionary]$User)

    (Test-OnWindows) -and $User['sid'] -ne (Get-CodexRunning).Sid
}

Function Find-CodexUnixUser {
    # The one account there is on another system, where tests run this.
    param ([string]$Name)

    if ($Name -and $Name -ne [Environment]::UserName) {
        throw (New-CodexTargetError -Reason unknown_user -Details @{ user = $Name })
    }
    $directory = [System.IO.Path]::GetFullPath([Environment]::GetEnvironmentVariable('HOME'))
    $user = New-CodexMap
    $user['name'] = [Environment]::UserName
    $user['sid'] = $OWN_SID
    $user['home_directory'] = $directory
    $user
}

Export-ModuleMember -Function Find-CodexUser, Get-CodexUserName, Get-CodexAccountName, Get-CodexRunningName, `
    Get-CodexRunningAdministrator, Get-CodexGroupSid, Test-CodexAdministrator, Test-CodexOtherUser
