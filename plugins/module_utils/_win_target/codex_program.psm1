# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# The account's own `codex`: where it is, its version, what it says of a home and of a new configuration.
#
# Runs on the target. The program may be anything: it gets an environment made for it, and its time, its output and what
# it leaves running are bounded. Another account's is never run: nobody is impersonated here.

#AnsibleRequires -PowerShell ansible_collections.fleet.codex.plugins.module_utils._win_target.json
#AnsibleRequires -PowerShell ansible_collections.fleet.codex.plugins.module_utils._win_target.errors
#AnsibleRequires -PowerShell ansible_collections.fleet.codex.plugins.module_utils._win_target.users
#AnsibleRequires -PowerShell ansible_collections.fleet.codex.plugins.module_utils._win_target.access
#AnsibleRequires -PowerShell ansible_collections.fleet.codex.plugins.module_utils._win_target.making
#AnsibleRequires -PowerShell ansible_collections.fleet.codex.plugins.module_utils._win_target.way
#AnsibleRequires -PowerShell ansible_collections.fleet.codex.plugins.module_utils._win_target.registry

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

$script:CODEX_TIME_LIMIT = 30 # seconds that a `codex` may take
$script:LAST_WORDS_LIMIT = 0.2 # seconds to wait for what it printed, after its end
$script:OUTPUT_LIMIT = 65536 # bytes that a `codex` may print
$script:WORDS_LIMIT = 1000 # characters of what a `codex` says of a configuration
# Variables of the system that a program needs, none of which a task sets for its own purposes:
$script:SYSTEM_VARIABLES = @('SystemRoot', 'windir', 'SystemDrive', 'ComSpec', 'PATHEXT', 'OS', 'ProgramData',
    'ProgramFiles', 'ProgramFiles(x86)', 'NUMBER_OF_PROCESSORS', 'PROCESSOR_ARCHITECTURE')

Function Get-CodexProgramAnswer {
    <#
    .SYNOPSIS
    The answers to what a home of a request asks of the account's `codex`.
    #>
    param ($HomeRequest, $User, [string]$CodexHome)

    $answer = New-CodexMap
    if ($HomeRequest['detect_version']) {
        $answer['codex_version'] = Get-CodexVersion -User $User
    }
    if ($HomeRequest['login_status']) {
        $answer['login_status'] = Get-CodexLoginStatus -User $User -CodexHome $CodexHome
    }
    $answer
}

Function Find-CodexProgram {
    <#
    .SYNOPSIS
    The path of the account's `codex`, or $null.
    #>
    param ($User)

    $places = Get-CodexProgramPlace -User $User
    foreach ($folder in $places['folders']) {
        if (-not (Test-CodexTrustedFolder -Folder $folder -User $User)) { continue }
        foreach ($name in $places['names']) {
            try {
                $path = [IO.Path]::Combine($folder, $name)
                if ([IO.File]::Exists($path) -and (Test-CodexTrusted -Path $path -User $User)) { return $path }
            }
            catch [ArgumentException] {
                break # a folder of PATH with characters that no path has
            }
        }
    }
    $null
}

Function Test-CodexTrusted {
    # Whether nobody else can put another program in the place of this one: an administrator may be the one to run it.
    param ([string]$Path, $User)

    $program = Get-CodexFinalPath -Path $Path
    $isSafe = Test-CodexTrustedFolder -Folder ([IO.Path]::GetDirectoryName($program)) -User $User
    $isSafe -and -not (Get-CodexAccess -Path $program -User $User)['writers']
}

Function Test-CodexTrustedFolder {
    # Whether a folder is there, and nobody else can put a program into it.
    param ([string]$Folder, $User)

    try {
        [IO.Directory]::Exists($Folder) -and $null -eq (Get-CodexNewcomer -Path $Folder -User $User)
    }
    catch {
        $false # its access cannot be looked at
    }
}

Function Get-CodexVersion {
    # The version that `codex --version` prints, or $null; asked in a scratch home, since newer ones write into it.
    param ($User)

    $path = Find-CodexProgram -User $User
    if ($null -eq $path) { return $null }
    $answer = Invoke-CodexScratch -User $User -Work {
        param ($Scratch)
        Invoke-CodexProgram -Path $path -Arguments '--version' -User $User -Scratch $Scratch -CodexHome $Scratch
    }
    $last = @($answer['text'] -split '\s+' -ne '')[-1..-1]
    if ($last.Count -and $last[0].Length -le 50 -and $last[0] -match '^[0-9]+\.[0-9]+\.[0-9]+') { return $last[0] }
    $null
}

Function Get-CodexLoginStatus {
    # The path of the account's `codex`, and the method that its `login status` names for the Codex home.
    # Never its text, which shows 13 characters of the key.
    param ($User, [string]$CodexHome)

    $status = New-CodexMap
    $status['codex'] = Find-CodexProgram -User $User
    $status['method'] = 'unknown'
    if ($null -eq $status['codex']) { return $status }
    $status['method'] = 'none'
    if (-not [IO.Directory]::Exists($CodexHome)) { return $status } # 0.94 and later refuse to say so
    $answer = Invoke-CodexScratch -User $User -Work {
        param ($Scratch)
        Invoke-CodexProgram -Path $status['codex'] -Arguments 'login status' -User $User -Scratch $Scratch `
            -CodexHome $CodexHome
    }
    $status['method'] = Get-CodexLoginMethod -Answer $answer -CodexHome $CodexHome
    $status
}

Function Get-CodexLoginMethod {
    # The method that the words of `login status` mean.
    param ($Answer, [string]$CodexHome)

    $text = $Answer['text']
    if ($Answer['status'] -eq 0) {
        if ($text -match 'api key') { return 'apikey' }
        if ($text -match 'chatgpt') { return 'chatgpt' }
        if ($text -match 'personal access') { return 'personal_access_token' }
        return 'other'
    }
    # Codex calls an empty auth.json an error, and then goes on without a login.
    $file = [IO.FileInfo]::new([IO.Path]::Combine($CodexHome, 'auth.json'))
    if ($text -match 'not logged in|no such file|cannot find the file' -or ($file.Exists -and $file.Length -eq 0)) {
        return 'none'
    }
    'unreadable'
}

Function Get-CodexStartProblem {
    <#
    .SYNOPSIS
    What the account's `codex` prints when it does not start with a config.toml (bytes); $null where it does.

    .DESCRIPTION
    $null, too, without a `codex`, and for what says nothing about the file: in the scratch home there is no login, no
    keyring and no other configuration of the account's.
    #>
    param ($User, [byte[]]$Content)

    $path = Find-CodexProgram -User $User
    if ($null -eq $path) { return $null }
    Invoke-CodexScratch -User $User -Work {
        param ($Scratch)
        $words = Get-CodexWordsAbout -Content $Content -Path $path -User $User -Scratch $Scratch
        if ($null -eq $words) { return $null }
        # Else the fault is in another file.
        if ($null -eq (Get-CodexWordsAbout -Content ([byte[]]::new(0)) -Path $path -User $User -Scratch $Scratch)) {
            return $words
        }
        $null
    }
}

Function Get-CodexWordsAbout {
    # What a `codex` says when it does not start with a config.toml, or $null.
    param ([byte[]]$Content, [string]$Path, $User, [string]$Scratch)

    [IO.File]::WriteAllBytes([IO.Path]::Combine($Scratch, 'config.toml'), $Content)
    $answer = Invoke-CodexProgram -Path $Path -Arguments 'login status' -User $User -Scratch $Scratch `
        -CodexHome $Scratch
    $folder = $Scratch + [IO.Path]::DirectorySeparatorChar
    Get-CodexWord -Text $answer['text'].Replace("\\?\$folder", '').Replace($folder, '')
}

Function Get-CodexWord {
    # What a `codex` says of a configuration that it cannot load, without anything that the file holds; else $null.
    # Up to 0.171 (measured) it says so in one way, quotes lines of the file, and values: texts as Rust writes them. A
    # provider may be in another file.
    param ([AllowEmptyString()][string]$Text)

    $begin = $Text.IndexOf('error loading config', [StringComparison]::OrdinalIgnoreCase)
    if ($begin -lt 0 -or $Text -match 'model provider .* not found') { return $null }
    $lines = @($Text.Substring($begin) -split '\r\n|\r|\n' -notmatch '^ *[0-9]* *\|' | ForEach-Object { $_.Trim() })
    $words = @($lines -ne '') -join ' '
    $words = [regex]::Replace($words, '"(?:\\.|[^"\\])*"?', '"(hidden)"')
    $kinds = '(integer|floating point|boolean|character|variant|string) `[^`]*`?'
    $words = [regex]::Replace($words, $kinds, '$1 (hidden)')
    $words.Substring(0, [Math]::Min($words.Length, $WORDS_LIMIT))
}

Function Invoke-CodexScratch {
    # What Work gives for a new, empty folder of the account's alone, which is removed afterwards.
    param ($User, [scriptblock]$Work)

    $name = 'fleet-codex-' + [Guid]::NewGuid().ToString('N').Substring(0, 16)
    $scratch = [IO.Path]::Combine([IO.Path]::GetTempPath(), $name)
    New-CodexFolder -Path $scratch -Access private -User $User
    try {
        & $Work $scratch
    }
    finally {
        Remove-CodexScratch -Path $scratch
    }
}

Function Remove-CodexScratch {
    # Removes a scratch folder, of which a program that is just ending may still have a file open.
    param ([string]$Path)

    foreach ($round in 1..20) {
        try {
            [IO.Directory]::Delete($Path, $true)
            return
        }
        catch {
            Start-Sleep -Milliseconds 50
        }
    }
}

Function Invoke-CodexProgram {
    # The exit status and the printed text of one `codex`; $null and '' where it does not run, or not within the limits.
    param ([string]$Path, [string]$Arguments, $User, [string]$Scratch, [string]$CodexHome)

    $info = [Diagnostics.ProcessStartInfo]::new($Path, $Arguments)
    $info.UseShellExecute = $false
    $info.CreateNoWindow = $true
    $info.WorkingDirectory = $Scratch
    $info.RedirectStandardInput = $true
    $info.RedirectStandardOutput = $true
    $info.RedirectStandardError = $true
    $homeDirectory = if ($Scratch -eq $CodexHome) { $Scratch } else { $User['home_directory'] }
    Set-CodexProgramEnvironment -Variables $info.Environment -User $User -HomeDirectory $homeDirectory `
        -Scratch $Scratch -CodexHome $CodexHome
    $nothing = @{ status = $null; text = '' }
    try {
        $process = [Diagnostics.Process]::Start($info)
    }
    catch {
        return $nothing
    }
    try {
        $process.StandardInput.Dispose()
        $bytes = Read-CodexOutput -Process $process
        Stop-CodexTree -Process $process
        if ($null -eq $bytes) { return $nothing }
        return @{ status = $process.ExitCode; text = [Text.Encoding]::UTF8.GetString($bytes) }
    }
    finally {
        $process.Dispose()
    }
}

Function Set-CodexProgramEnvironment {
    # Makes the environment of a `codex`. It has nothing of this process's own, which may hold secrets of the task.
    param ([System.Collections.Generic.IDictionary[string, string]]$Variables, $User, [string]$HomeDirectory,
        [string]$Scratch, [string]$CodexHome)

    $Variables.Clear()
    foreach ($name in $SYSTEM_VARIABLES) {
        $value = [Environment]::GetEnvironmentVariable($name)
        if ($value) { $Variables[$name] = $value }
    }
    $name = @($User['name'] -split '\\')[-1]
    # npm's codex.cmd takes its node from there.
    $folders = @((Get-CodexProgramPlace -User $User)['folders'] |
            Where-Object { Test-CodexTrustedFolder -Folder $_ -User $User })
    $Variables['PATH'] = $folders -join [IO.Path]::PathSeparator
    $Variables['CODEX_HOME'] = $CodexHome
    $Variables['HOME'] = $HomeDirectory
    $Variables['USERPROFILE'] = $HomeDirectory
    $Variables['APPDATA'] = [IO.Path]::Combine($HomeDirectory, 'AppData', 'Roaming')
    $Variables['LOCALAPPDATA'] = [IO.Path]::Combine($HomeDirectory, 'AppData', 'Local')
    $Variables['USERNAME'] = $name
    $Variables['USER'] = $name
    $Variables['LOGNAME'] = $name
    $Variables['LANG'] = 'C.UTF-8'
    foreach ($folder in @('TEMP', 'TMP', 'TMPDIR')) { $Variables[$folder] = $Scratch }
}

Function Read-CodexOutput {
    # What a program printed by the time it ended, errors first; $null where it takes too long or prints too much.
    # Not until the end of its output: something that it started may hold that open for ever.
    param ([Diagnostics.Process]$Process)

    $clock = [Diagnostics.Stopwatch]::StartNew()
    $pipes = @(foreach ($stream in @($Process.StandardError.BaseStream, $Process.StandardOutput.BaseStream)) {
            $buffer = [byte[]]::new(4096)
            @{ stream = $stream; buffer = $buffer; data = [IO.MemoryStream]::new(); task = $null }
        })
    $ended = $null # when
    while ($true) {
        $isNew = $false
        $open = 0
        foreach ($pipe in $pipes) {
            if ($null -eq $pipe['stream']) { continue }
            if ($null -eq $pipe['task']) {
                $pipe['task'] = $pipe['stream'].ReadAsync($pipe['buffer'], 0, $pipe['buffer'].Length)
            }
            $open += 1
            if (-not $pipe['task'].IsCompleted) { continue }
            $isNew = $true
            $count = if ($pipe['task'].Status -eq 'RanToCompletion') { $pipe['task'].Result } else { 0 }
            $pipe['task'] = $null
            if ($count -eq 0) { $pipe['stream'] = $null }
            $pipe['data'].Write($pipe['buffer'], 0, $count)
        }
        $size = $pipes[0]['data'].Length + $pipes[1]['data'].Length
        if ($size -gt $OUTPUT_LIMIT -or $clock.Elapsed.TotalSeconds -gt $CODEX_TIME_LIMIT) { return $null }
        if ($isNew) { continue }
        if ($Process.HasExited) {
            if ($null -eq $ended) { $ended = $clock.Elapsed.TotalSeconds }
            if ($open -eq 0 -or $clock.Elapsed.TotalSeconds -gt $ended + $LAST_WORDS_LIMIT) { break }
        }
        Start-Sleep -Milliseconds 10
    }
    , @($pipes[0]['data'].ToArray() + $pipes[1]['data'].ToArray())
}

Function Stop-CodexTree {
    # Ends a program and what it started: npm's codex.cmd has node as its child, and that the real program.
    param ([Diagnostics.Process]$Process)

    try {
        if ($PSVersionTable['PSEdition'] -eq 'Core') {
            $Process.Kill($true) # PowerShell 7 only
        }
        elseif (-not $Process.HasExited) {
            $tool = [IO.Path]::Combine([Environment]::SystemDirectory, 'taskkill.exe')
            $info = [Diagnostics.ProcessStartInfo]::new($tool, "/T /F /PID $($Process.Id)")
            $info.UseShellExecute = $false
            $info.CreateNoWindow = $true
            $killer = [Diagnostics.Process]::Start($info)
            $null = $killer.WaitForExit(10000)
            $killer.Dispose()
        }
    }
    catch {
        Write-Debug 'All of it has ended, or is about to, or a part of it cannot be ended.'
    }
    try {
        if (-not $Process.WaitForExit(1000)) { $Process.Kill() }
    }
    catch {
        Write-Debug 'It has just ended.'
    }
    $null = $Process.WaitForExit(1000)
}

Export-ModuleMember -Function Find-CodexProgram, Get-CodexProgramAnswer, Get-CodexStartProblem
