# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# The variables of an account and of the machine, which Windows keeps in the registry. Runs on the target.

#AnsibleRequires -PowerShell ansible_collections.fleet.codex.plugins.module_utils._win_target.json
#AnsibleRequires -PowerShell ansible_collections.fleet.codex.plugins.module_utils._win_target.errors
#AnsibleRequires -PowerShell ansible_collections.fleet.codex.plugins.module_utils._win_target.users
#AnsibleRequires -PowerShell ansible_collections.fleet.codex.plugins.module_utils._win_target.access
#AnsibleRequires -PowerShell ansible_collections.fleet.codex.plugins.module_utils._win_target.reading

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

$script:MACHINE_KEY = 'SYSTEM\CurrentControlSet\Control\Session Manager\Environment'
$script:VARIABLE_LIMIT = 1000 # variables that are reported
$script:UNLOAD_ROUNDS = 20 # attempts to unload a hive, of which a scanner may have a key open
$script:HIVE_TIME_LIMIT = 30000 # milliseconds for reg.exe

Function Get-CodexVariablesPath {
    <#
    .SYNOPSIS
    The registry key of the variables, for people. Scope: user or machine.
    #>
    param ([string]$Scope, $User)

    if ($Scope -eq 'machine') { return "HKEY_LOCAL_MACHINE\$MACHINE_KEY" }
    if (-not (Test-CodexOtherUser -User $User)) { return 'HKEY_CURRENT_USER\Environment' }
    "HKEY_USERS\$($User['sid'])\Environment"
}

Function Get-CodexVariable {
    <#
    .SYNOPSIS
    The facts of the variables of an account or of the machine: each name in upper case with the value's digest.
    #>
    param ([string]$Scope, $User)

    $facts = New-CodexMap
    $facts['path'] = Get-CodexVariablesPath -Scope $Scope -User $User
    $facts['kind'] = 'absent'
    $facts['variables'] = New-CodexMap
    if (-not (Test-OnWindows)) { return $facts }
    $found = Invoke-CodexGuarded -Work {
        Invoke-CodexVariable -Scope $Scope -User $User -Work {
            param ($Key)
            if ($null -eq $Key) { return New-CodexMap }
            $facts['kind'] = 'file'
            Read-CodexVariable -Key $Key
        }
    }
    if ($found.Contains('error')) {
        foreach ($name in @('reason', 'code', 'cause')) { $facts[$name] = $found['error'][$name] }
        $facts['kind'] = 'unreadable'
        return $facts
    }
    foreach ($name in @($found.psbase.Keys | Select-Object -First $VARIABLE_LIMIT)) {
        $facts['variables'][$name] = $found[$name]
    }
    $facts
}

Function Set-CodexVariable {
    <#
    .SYNOPSIS
    Sets and removes variables, and tells the programs that listen; throws a conflict unless all are as expected.
    #>
    param ($Operation, $User)

    $result = New-CodexMap
    if (-not (Test-OnWindows)) { return $result }
    $set = if ($Operation.Contains('set')) { $Operation['set'] } else { New-CodexMap }
    $unset = @($Operation['remove'])
    Invoke-CodexVariable -Scope $Operation['path'] -User $User -Writable -Work {
        param ($Key)
        $there = Read-CodexVariable -Key $Key
        foreach ($name in $Operation['expected'].psbase.Keys) {
            if ($there[$name.ToUpperInvariant()] -ne $Operation['expected'][$name]) {
                throw (New-CodexTargetError -Reason conflict)
            }
        }
        foreach ($name in $set.psbase.Keys) {
            $Key.SetValue($name, $set[$name], [Microsoft.Win32.RegistryValueKind]::String)
        }
        foreach ($name in $unset) {
            if ($name) { $Key.DeleteValue($name, $false) }
        }
        $Key.Flush()
    }
    # Removes what is not there, and broadcasts WM_SETTINGCHANGE: the shell starts programs with the new values.
    [Environment]::SetEnvironmentVariable('FLEET_CODEX_NONE', [NullString]::Value, 'User')
    $result
}

Function Get-CodexProgramPlace {
    <#
    .SYNOPSIS
    The folders where an account's own `codex` is looked for, and the file names of one there, in the system's order.
    #>
    param ($User)

    $folders = @([Environment]::GetEnvironmentVariable('PATH') -split [regex]::Escape([IO.Path]::PathSeparator))
    if (-not (Test-OnWindows)) {
        $folders += '/usr/local/bin'
        $folders += @('.local/bin', '.npm-global/bin', 'bin' | ForEach-Object { "$($User['home_directory'])/$_" })
        return @{ folders = @($folders -like '/*'); names = @('codex') }
    }
    foreach ($scope in @('machine', 'user')) { # a service has the PATH of when it started
        $folders += @(Invoke-CodexVariable -Scope $scope -User $User -Work {
                param ($Key)
                if ($null -ne $Key) { "$($Key.GetValue('Path'))" -split ';' }
            })
    }
    $profileFolder = $User['home_directory']
    $programFiles = [Environment]::GetFolderPath([Environment+SpecialFolder]::ProgramFiles)
    $folders += "$profileFolder\AppData\Roaming\npm"
    $folders += "$profileFolder\AppData\Local\Microsoft\WinGet\Links"
    $folders += "$programFiles\WinGet\Links"
    $folders += "$programFiles\nodejs"
    $folders = @($folders | ForEach-Object { $_.Trim('"', ' ') } | Where-Object { $_ -match '^[A-Za-z]:\\' })
    @{ folders = $folders; names = @('codex.exe', 'codex.cmd') }
}

Function Read-CodexVariable {
    # The digests of all variables of an open key, by their names in upper case, which Windows does not tell apart.
    param ($Key)

    $found = New-CodexMap
    foreach ($name in $Key.GetValueNames()) {
        $value = "$($Key.GetValue($name, '', [Microsoft.Win32.RegistryValueOptions]::DoNotExpandEnvironmentNames))"
        $kind = $Key.GetValueKind($name)
        # A program would see another value than the text.
        if ($kind -ne 'String' -and ($kind -ne 'ExpandString' -or $value.Contains('%'))) { $value = "$kind $value" }
        $found[$name.ToUpperInvariant()] = Get-CodexDigest -Bytes ([Text.Encoding]::UTF8.GetBytes($value))
    }
    $found
}

Function Invoke-CodexVariable {
    # What Work gives for the open key of the variables, or for $null where there is none. Writable: it is made.
    param ([string]$Scope, $User, [switch]$Writable, [scriptblock]$Work)

    $machine = [Microsoft.Win32.Registry]::LocalMachine
    if ($Scope -eq 'machine') {
        return Use-CodexKey -Root $machine -Name $MACHINE_KEY -Writable:$Writable -Work $Work
    }
    if (-not (Test-CodexOtherUser -User $User)) {
        $root = [Microsoft.Win32.Registry]::CurrentUser
        return Use-CodexKey -Root $root -Name 'Environment' -Writable:$Writable -Work $Work
    }
    $users = [Microsoft.Win32.Registry]::Users
    if ($users.GetSubKeyNames() -contains $User['sid']) { # the account is logged on
        return Use-CodexKey -Root $users -Name "$($User['sid'])\Environment" -Writable:$Writable -Work $Work
    }
    $name = "fleet-codex-$($User['sid'])"
    if ($users.GetSubKeyNames() -notcontains $name) { # else a killed run left it
        Mount-CodexHive -Name $name -User $User
    }
    try {
        Use-CodexKey -Root $users -Name "$name\Environment" -Writable:$Writable -Work $Work
    }
    finally {
        Dismount-CodexHive -Name $name
    }
}

Function Use-CodexKey {
    # Opens a key, and closes it again.
    param ($Root, [string]$Name, [switch]$Writable, [scriptblock]$Work)

    $key = if ($Writable) { $Root.CreateSubKey($Name) } else { $Root.OpenSubKey($Name) }
    try {
        & $Work $key
    }
    finally {
        if ($null -ne $key) { $key.Dispose() }
    }
}

Function Mount-CodexHive {
    # Loads the registry of an account that is not logged on.
    param ([string]$Name, $User)

    $file = [IO.Path]::Combine($User['home_directory'], 'NTUSER.DAT')
    if ([IO.File]::GetAttributes($file) -band [IO.FileAttributes]::ReparsePoint) {
        throw (New-CodexTargetError -Reason link_of_user -Details @{ path = $file; user = $User['name'] })
    }
    if ((Invoke-CodexReg -Arguments "load `"HKU\$Name`" `"$file`"") -ne 0) {
        throw (New-CodexSystemError -Code EACCES -Path $file)
    }
}

Function Dismount-CodexHive {
    # Unloads it. A hive that stayed would keep its account from logging on with its own profile.
    param ([string]$Name)

    foreach ($round in 1..$UNLOAD_ROUNDS) {
        [GC]::Collect() # .NET may hold a key of it
        [GC]::WaitForPendingFinalizers()
        if ((Invoke-CodexReg -Arguments "unload `"HKU\$Name`"") -eq 0) { return }
        Start-Sleep -Milliseconds 100
    }
    throw (New-CodexSystemError -Code EBUSY -Path "HKEY_USERS\$Name")
}

Function Invoke-CodexReg {
    # The exit status of Windows's reg.exe, whose words nobody needs.
    param ([string]$Arguments)

    $program = [IO.Path]::Combine([Environment]::SystemDirectory, 'reg.exe')
    $info = [Diagnostics.ProcessStartInfo]::new($program, $Arguments)
    $info.UseShellExecute = $false
    $info.CreateNoWindow = $true
    $info.RedirectStandardInput = $true
    $info.RedirectStandardOutput = $true
    $info.RedirectStandardError = $true
    $process = [Diagnostics.Process]::Start($info)
    try {
        $process.StandardInput.Dispose()
        if ($process.WaitForExit($HIVE_TIME_LIMIT)) { return $process.ExitCode }
        $process.Kill()
        return -1
    }
    finally {
        $process.Dispose()
    }
}

Export-ModuleMember -Function Get-CodexVariablesPath, Get-CodexVariable, Set-CodexVariable, Get-CodexProgramPlace
