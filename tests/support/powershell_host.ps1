# The fleet.codex authors, GPL-3.0-or-later (see LICENSE)
# Runs win_codex_store for the tests, as often as they ask, in one process: starting PowerShell takes longer.
# A line of standard input is the module's option `request`, and NAME=NUMBER for each constant of the program that is to
# be another one for this request. The answer is a line with MARK, `done` or `failed`, and the base64 of what the module
# printed, or of the error that came out of it.
param(
    [Parameter(Mandatory = $true)]
    [string]$Plugins,

    [Parameter(Mandatory = $true)]
    [string]$Mark
)

$ErrorActionPreference = 'Stop'

# Read as UTF-8 whatever this machine's encoding is, and compiled under the file's name, so that errors name it.
function Get-TestedScript([string]$Path) {
    $errors = $null
    $parsed = [System.Management.Automation.Language.Parser]::ParseInput(
        [IO.File]::ReadAllText($Path), $Path, [ref]$null, [ref]$errors)
    if ($errors) {
        throw "$Path cannot be parsed: $($errors[0].Extent.StartLineNumber): $($errors[0].Message)"
    }
    $parsed.GetScriptBlock()
}

# The names of the modules that a script requires, and those that they require. Each comes before what it requires: as
# Ansible loads them in no particular order, none may need another one while it is loaded.
function Get-RequiredModule([string]$Path, [System.Collections.IDictionary]$Found) {
    foreach ($line in [IO.File]::ReadAllLines($Path)) {
        if ($line -notmatch '^#AnsibleRequires -PowerShell [a-z_]+\.fleet\.codex\.plugins\.(\S+)$') {
            continue
        }
        $name = $Matches[1]
        if (-not $Found.Contains($name)) {
            $below = $name.Replace('.', [IO.Path]::DirectorySeparatorChar) + '.psm1'
            $Found[$name] = [IO.Path]::Combine($Plugins, $below)
            Get-RequiredModule -Path $Found[$name] -Found $Found
        }
    }
}

function Get-Environment {
    $variables = @{}
    foreach ($entry in [Environment]::GetEnvironmentVariables().GetEnumerator()) {
        $variables[$entry.Key] = $entry.Value
    }
    $variables
}

# What the module sets in its own process must not be there when the next test asks.
function Restore-Environment([hashtable]$Variables) {
    foreach ($name in @([Environment]::GetEnvironmentVariables().Keys)) {
        if (-not $Variables.ContainsKey($name)) {
            [Environment]::SetEnvironmentVariable($name, $null)
        }
    }
    foreach ($name in $Variables.Keys) {
        [Environment]::SetEnvironmentVariable($name, $Variables[$name])
    }
}

# Gives a constant of the program another value, and returns what gives it its own one back.
function Set-Limit([System.Management.Automation.PSModuleInfo[]]$Modules, [string]$Name, [double]$Value) {
    $found = @(
        foreach ($module in $Modules) {
            $module.Invoke({ Get-Variable -Name $args[0] -Scope Script -ErrorAction Ignore }, $Name)
        }
    )
    if ($found.Count -ne 1) {
        throw "$Name is in $($found.Count) files of the program"
    }
    $variable = $found[0]
    @{ Variable = $variable; Value = $variable.Value }
    $variable.Value = $Value
}

function Write-Reply([string]$Status, [string]$Text) {
    $encoded = [Convert]::ToBase64String([Text.Encoding]::UTF8.GetBytes($Text))
    [Console]::Out.WriteLine("$Mark$Status $encoded")
    [Console]::Out.Flush()
}

try {
    $path = [IO.Path]::Combine($Plugins, 'modules', 'win_codex_store.ps1')
    $found = New-Object System.Collections.Specialized.OrderedDictionary
    Get-RequiredModule -Path $path -Found $found
    # As Ansible's module_wrapper.ps1 does: functions become global, and each file has variables of its own.
    $modules = foreach ($name in $found.Keys) {
        New-Module -Name $name.Split('.')[-1] -ScriptBlock (Get-TestedScript -Path $found[$name]) |
            Import-Module -WarningAction SilentlyContinue -Scope Global -PassThru
    }
    $module = Get-TestedScript -Path $path
}
catch {
    Write-Reply -Status 'failed' -Text "$_"
    exit 1
}

$variables = Get-Environment
$folder = [Environment]::CurrentDirectory
while ($null -ne ($line = [Console]::In.ReadLine())) {
    $request, $limits = $line.Split(' ')
    Set-Variable -Name complex_args -Value @{ request = $request } -Scope Global
    $before = @()
    try {
        foreach ($limit in $limits) {
            $name, $value = $limit.Split('=')
            $before += Set-Limit -Modules $modules -Name $name -Value $value
        }
        $printed = @(& $module) -join "`n"
        Write-Reply -Status 'done' -Text $printed
    }
    catch {
        Write-Reply -Status 'failed' -Text "$_`n$($_.ScriptStackTrace)"
    }
    foreach ($limit in $before) {
        $limit.Variable.Value = $limit.Value
    }
    [Environment]::CurrentDirectory = $folder
    Restore-Environment -Variables $variables
}
