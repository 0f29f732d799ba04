#!powershell

# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# The PowerShell target program: describes Codex homes, and does the operations that the controller decided on.
#
# It takes one request and prints one answer, as docs/protocol.md says. Ansible.Basic is not used, since compiling it takes
# longer than all of the work here.

#AnsibleRequires -PowerShell ansible_collections.fleet.codex.plugins.module_utils._win_apply.apply
#AnsibleRequires -PowerShell ansible_collections.fleet.codex.plugins.module_utils._win_describe.describe
#AnsibleRequires -PowerShell ansible_collections.fleet.codex.plugins.module_utils._win_target.codex_program
#AnsibleRequires -PowerShell ansible_collections.fleet.codex.plugins.module_utils._win_target.errors
#AnsibleRequires -PowerShell ansible_collections.fleet.codex.plugins.module_utils._win_target.json
#AnsibleRequires -PowerShell ansible_collections.fleet.codex.plugins.module_utils._win_target.users
#AnsibleRequires -PowerShell ansible_collections.fleet.codex.plugins.module_utils._win_target.way
#AnsibleRequires -PowerShell ansible_collections.fleet.codex.plugins.module_utils._win_target.wire

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

$PROTOCOL = 4 # version of the requests and answers; a request in another one is answered with this number alone

Function Get-CodexAnswer {
    # The answer to a request.
    param ([System.Collections.IDictionary]$Request)

    $answer = New-CodexMap
    $answer['protocol'] = $PROTOCOL
    $answer['program'] = 'powershell'
    $answer['python'] = [string]$PSVersionTable.PSVersion
    if ($Request['protocol'] -eq $PROTOCOL) { $answer['homes'] = Get-CodexAnswerList -Request $Request }
    $answer
}

Function Get-CodexAnswerList {
    # The answers for all homes, in their order. An error of one does not stop the others.
    param ([System.Collections.IDictionary]$Request)

    $answers = [System.Collections.ArrayList]::new()
    foreach ($homeRequest in (Expand-CodexEveryUser -Homes $Request['homes'])) {
        $answer = Get-CodexHeldBack -Answers $answers -HomeRequest $homeRequest
        if ($null -eq $answer) {
            $answer = Invoke-CodexGuarded { Get-CodexHomeAnswer -HomeRequest $homeRequest -Request $Request }
        }
        $answer['user'] = $homeRequest['user']
        [void]$answers.Add($answer)
    }
    , $answers.ToArray()
}

Function Expand-CodexEveryUser {
    # The homes, with one entry for each account that has a .codex folder in place of an entry with `every_user`.
    param ([object[]]$Homes)

    foreach ($homeRequest in $Homes) {
        if (-not $homeRequest['every_user'] -or -not (Test-CodexAdministrator)) {
            $homeRequest
            continue
        }
        foreach ($name in (Get-CodexUserName)) {
            $one = New-CodexMap
            foreach ($key in $homeRequest.psbase.Keys) { $one[$key] = $homeRequest[$key] }
            $one['user'] = $name
            $one['every_user'] = $false
            $one
        }
    }
}

Function Get-CodexHeldBack {
    # The conflict of a home with files of the whole host when work on a home before it was not done; else null.
    #
    # A file that allows one method of login must not be there before the logins are.
    param ([System.Collections.ArrayList]$Answers, [System.Collections.IDictionary]$HomeRequest)

    $operations = @($HomeRequest['operations'] | Where-Object { $null -ne $_ })
    if (@($operations | Where-Object { $_['base'] -eq 'host' }).Count -eq 0) { return $null }
    if (@($Answers | Where-Object { -not (Test-CodexDone -Answer $_) }).Count -eq 0) { return $null }
    $conflict = New-CodexMap
    $conflict['status'] = 'conflict'
    $conflict['path'] = $operations[0]['path']
    $answer = New-CodexMap
    $answer['results'] = @(, $conflict)
    $answer
}

Function Test-CodexDone {
    # Whether all work on a home was done, and nothing of it overwritten.
    param ([System.Collections.IDictionary]$Answer)

    if ($Answer.Contains('start_problem') -or -not $Answer.Contains('results')) { return $false }
    @($Answer['results'] | Where-Object { $_['status'] -ne 'done' -or $_['overwritten'] }).Count -eq 0
}

Function Get-CodexHomeAnswer {
    # The answer for one home of a request. Throws target errors, and what the system throws.
    param ([System.Collections.IDictionary]$HomeRequest, [System.Collections.IDictionary]$Request)

    if ($HomeRequest['every_user']) {
        $running = Get-CodexRunningName
        throw (New-CodexTargetError -Reason every_user_needs_administrator -Details @{ running = $running })
    }
    $environment = $Request['environment']
    $user = Find-CodexUser -Name $HomeRequest['user']
    $codexHome = Find-CodexHome -HomeRequest $HomeRequest -User $user -Environment $environment
    $asksCodex = $HomeRequest['detect_version'] -or $HomeRequest['login_status']
    if (($asksCodex -or $HomeRequest['start_check']) -and (Test-CodexOtherUser -User $user)) {
        throw (New-CodexTargetError -Reason codex_needs_user -Details @{ user = $user['name'] })
    }
    $place = @{ HomeRequest = $HomeRequest; User = $user; CodexHome = $codexHome }
    $isApply = $Request['operation'] -eq 'apply'
    $answer = if ($isApply) { Invoke-CodexApply @place -Environment $environment }
    else { Invoke-CodexDescribe @place -Environment $environment }
    if ($asksCodex -and -not $answer.Contains('error')) {
        $said = Get-CodexProgramAnswer @place
        foreach ($key in $said.psbase.Keys) { $answer[$key] = $said[$key] }
    }
    $answer['user_info'] = $user
    $answer['codex_home'] = $codexHome
    $answer
}

Function Get-CodexKey {
    # The bytes that hexadecimal digits stand for.
    param ([string]$Digits)

    $bytes = [byte[]]::new($Digits.Length / 2)
    for ($n = 0; $n -lt $bytes.Length; $n++) { $bytes[$n] = [Convert]::ToByte($Digits.Substring(2 * $n, 2), 16) }
    , $bytes
}

Function Get-CodexModuleResult {
    # What the module prints: the masked answer to a request (base64 of JSON), or that it failed, without any words.
    param ([string]$Encoded)

    $result = New-CodexMap
    $result['changed'] = $false
    try {
        $request = Read-CodexJson -Text ([System.Text.Encoding]::UTF8.GetString([Convert]::FromBase64String($Encoded)))
        foreach ($name in $request['environment'].psbase.Keys) {
            [Environment]::SetEnvironmentVariable($name, $request['environment'][$name])
        }
        $answer = ConvertTo-CodexJson -Value (Get-CodexAnswer -Request $request)
        $bytes = [System.Text.Encoding]::ASCII.GetBytes($answer)
        $masked = Protect-CodexAnswer -Bytes $bytes -Key (Get-CodexKey -Digits $request['key'])
        $result['answer'] = [Convert]::ToBase64String($masked)
    }
    catch {
        $result['failed'] = $true
        $result['msg'] = 'The target program of fleet.codex failed.'
        $result['fault'] = (Get-CodexInnerException -Exception $_.Exception).GetType().FullName
    }
    ConvertTo-CodexJson -Value $result
}

Write-Output (Get-CodexModuleResult -Encoded $complex_args['request'])
