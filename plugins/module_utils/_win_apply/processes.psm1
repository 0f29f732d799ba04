# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Codex programs that run while their files are replaced. Runs on the target, as a part of apply.

#AnsibleRequires -PowerShell ansible_collections.fleet.codex.plugins.module_utils._win_target.users

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

$script:PROCESS_LIMIT = 100 # programs that are told of
$script:QUERY_SECONDS = 10 # for a question about one of them

Function Get-CodexProcess {
    <#
    .SYNOPSIS
    An account's running Codex programs: a table of process ids and names.
    One counts where the system does not tell whose it is.
    #>
    param ($User)

    $found = @{}
    $isAdministrator = $null
    foreach ($process in [Diagnostics.Process]::GetProcesses()) {
        try {
            if ($found.psbase.Count -ge $PROCESS_LIMIT) {
                continue
            }
            if ($process.ProcessName -notmatch '^codex(-|$)') {
                continue
            }
            if ($null -eq $isAdministrator) {
                $isAdministrator = Test-CodexAdministrator
            }
            if (Test-CodexProcessOwner -Process $process -User $User -IsAdministrator $isAdministrator) {
                $found[$process.Id] = $process.ProcessName
            }
        }
        catch [InvalidOperationException] {
            continue # it has ended
        }
        finally {
            $process.Dispose()
        }
    }
    return $found
}

Function Test-CodexProcessOwner {
    # Whether a Codex program is the account's, and more than the one that looks for updates of Codex's daemon.
    param ([Diagnostics.Process]$Process, $User, [bool]$IsAdministrator)

    if (-not $IsAdministrator) {
        try {
            [void]$Process.StartTime
            return $true
        }
        catch {
            return $false # Windows shows it to its own account and to administrators only
        }
    }
    if ($null -eq (Get-Command -Name Get-CimInstance -ErrorAction SilentlyContinue)) {
        return $true
    }
    try {
        $query = 'SELECT * FROM Win32_Process WHERE ProcessId = {0}' -f $Process.Id
        $instance = Get-CimInstance -Query $query -OperationTimeoutSec $QUERY_SECONDS
        $owner = Invoke-CimMethod -InputObject $instance -MethodName GetOwnerSid -OperationTimeoutSec $QUERY_SECONDS
        return $owner.Sid -eq $User['sid'] -and "$($instance.CommandLine)" -notmatch '\bpid-update-loop\b'
    }
    catch {
        return $true
    }
}

Function Wait-CodexProcess {
    <#
    .SYNOPSIS
    Returns when these programs (the keys of a table) have ended, or after so many seconds.
    A Codex up to 0.163 that is renewing its login overwrites whatever is there by then (measured).
    #>
    param ([hashtable]$Running, $User, [double]$Seconds)

    $clock = [Diagnostics.Stopwatch]::StartNew()
    while ($Running.Count -and $clock.Elapsed.TotalSeconds -lt $Seconds) {
        $now = Get-CodexProcess -User $User
        if (-not @($Running.psbase.Keys | Where-Object { $now.ContainsKey($_) }).Count) {
            return
        }
        Start-Sleep -Milliseconds 100
    }
}

Export-ModuleMember -Function Get-CodexProcess, Wait-CodexProcess
