# The fleet.codex authors, GPL-3.0-or-later (see LICENSE)
# Rules of PSScriptAnalyzer as `ansible-test sanity` sets them, for machines that cannot get PSScriptAnalyzer.
# script_rules.ps1 FILE... prints FILE:LINE: RULE: what is wrong, by the names of its rules. Then it ends with 1.
$ErrorActionPreference = 'Stop'
Set-StrictMode -Version 2.0

$MaximumLineLength = 160 # as ansible-test has it
# What is no command of the engine or of Windows, but an alias of one.
$aliases = @{}
foreach ($command in [System.Management.Automation.Runspaces.InitialSessionState]::CreateDefault2().Commands) {
    if ($command.CommandType -eq 'Alias') {
        $aliases[$command.Name] = $command.Definition
    }
}
$verbs = @(
    foreach ($group in 'Common', 'Communications', 'Data', 'Diagnostic', 'Lifecycle', 'Security', 'Other') {
        $type = [psobject].Assembly.GetType("System.Management.Automation.Verbs$group")
        foreach ($field in $type.GetFields()) {
            $field.Name
        }
    }
)
$automatic = @(
    '?', 'args', 'ConsoleFileName', 'Error', 'Event', 'ExecutionContext', 'false', 'foreach', 'HOME', 'Host', 'input',
    'Matches', 'MyInvocation', 'NestedPromptLevel', 'PID', 'PROFILE', 'PSBoundParameters', 'PSCmdlet',
    'PSCommandPath', 'PSEdition', 'PSHOME', 'PSScriptRoot', 'PSVersionTable', 'PWD', 'Sender', 'ShellId', 'switch',
    'this', 'true', 'IsWindows', 'IsLinux', 'IsMacOS', 'IsCoreCLR'
)
# Whose option -Path reads brackets and asterisks as wildcards.
$wildcards = @(
    'Clear-Content', 'Convert-Path', 'Copy-Item', 'Get-Acl', 'Get-ChildItem', 'Get-Content', 'Get-Item',
    'Get-ItemProperty', 'Move-Item', 'Remove-Item', 'Remove-ItemProperty', 'Rename-Item', 'Resolve-Path', 'Set-Acl',
    'Set-Content', 'Set-Item', 'Set-ItemProperty', 'Set-Location', 'Test-Path'
)
$count = 0

function Write-Finding {
    param([string]$File, [int]$Line, [string]$Rule, [string]$Text)

    $script:count++
    "${File}:${Line}: ${Rule}: $Text"
}

# Plurals that PSUseSingularNouns refuses, near enough: not what ends in `ss`, `us` or `is`, and not Windows and Data.
function Test-Plural {
    param([string]$Noun)

    $Noun -cmatch '[^sui]s$' -and $Noun -notmatch 'Windows$|Access$'
}

function Test-Line {
    param([string]$File, [string[]]$Lines, [bool[]]$InText)

    for ($number = 1; $number -le $Lines.Count; $number++) {
        $line = $Lines[$number - 1]
        if ($line.Length -gt $MaximumLineLength) {
            Write-Finding $File $number 'PSAvoidLongLines' "$($line.Length) characters"
        }
        if ($InText[$number - 1]) {
            continue
        }
        if ($line -match '\s$') {
            Write-Finding $File $number 'PSAvoidTrailingWhitespace' 'blanks at the end'
        }
        if ($line -match '^\s*\}\s*(else|elseif|catch|finally)\b') {
            Write-Finding $File $number 'PSPlaceCloseBrace' "$($Matches[1]) belongs on a line of its own"
        }
        if ($line -match '^\s*\{\s*$') {
            Write-Finding $File $number 'PSPlaceOpenBrace' 'an opening brace belongs at the end of the line before'
        }
        if ($line -match '^\t| ^\s*\t' -or ($line -match '^( +)\S' -and $Matches[1].Length % 4 -ne 0)) {
            Write-Finding $File $number 'PSUseConsistentIndentation' 'indent by four blanks'
        }
    }
}

function Test-Command {
    param([string]$File, [System.Management.Automation.Language.CommandAst]$Command)

    $name = $Command.GetCommandName()
    if (-not $name) {
        return
    }
    $line = $Command.Extent.StartLineNumber
    if ($aliases.ContainsKey($name)) {
        Write-Finding $File $line 'PSAvoidUsingCmdletAliases' "$name means $($aliases[$name])"
    }
    if ($name -in 'Write-Host', 'Invoke-Expression', 'Get-WmiObject', 'Invoke-WmiMethod') {
        Write-Finding $File $line "PSAvoidUsing$($name.Replace('-', ''))" $name
    }
    foreach ($element in $Command.CommandElements) {
        if ($element -is [System.Management.Automation.Language.CommandParameterAst] -and
            $element.ParameterName -eq 'Path' -and $name -in $wildcards) {
            Write-Finding $File $line 'PSCustomUseLiteralPath' "-LiteralPath of $name"
        }
    }
    $positional = @(
        for ($index = 1; $index -lt $Command.CommandElements.Count; $index++) {
            $element = $Command.CommandElements[$index]
            $before = $Command.CommandElements[$index - 1]
            if ($element -isnot [System.Management.Automation.Language.CommandParameterAst] -and
                ($before -isnot [System.Management.Automation.Language.CommandParameterAst] -or $before.Argument)) {
                $element
            }
        }
    )
    if ($name -match '^\w+-\w+$' -and $positional.Count -ge 3 -and $name -ne 'Write-Finding') {
        Write-Finding $File $line 'PSAvoidUsingPositionalParameters' $name
    }
}

# Variables that a function, or the script, only assigns.
function Test-Variable {
    param([string]$File, [System.Management.Automation.Language.ScriptBlockAst]$Script)

    $assigned = @{}
    $used = @{}
    $variables = $Script.FindAll({ $args[0] -is [System.Management.Automation.Language.VariableExpressionAst] }, $true)
    foreach ($variable in $variables) {
        $path = $variable.VariablePath
        if ($path.IsGlobal) {
            Write-Finding $File $variable.Extent.StartLineNumber 'PSAvoidGlobalVars' "`$$path"
        }
        $left = $variable.Parent
        while ($left -is [System.Management.Automation.Language.ConvertExpressionAst] -or
            $left -is [System.Management.Automation.Language.AttributedExpressionAst]) {
            $left = $left.Parent
        }
        $is_assigned = $left -is [System.Management.Automation.Language.AssignmentStatementAst] -and
            $left.Left.Extent.StartOffset -le $variable.Extent.StartOffset -and
            $left.Left.Extent.EndOffset -ge $variable.Extent.EndOffset
        if ($is_assigned) {
            if ($path.UserPath -in $automatic) {
                Write-Finding $File $variable.Extent.StartLineNumber 'PSAvoidAssignmentToAutomaticVariable' "`$$path"
            }
            if ($left.Operator -eq 'Equals' -and $path.IsUnqualified) {
                $assigned[$path.UserPath] = $variable.Extent.StartLineNumber
                continue
            }
        }
        $used[($path.UserPath -replace '^\w+:')] = $true
    }
    foreach ($name in $assigned.Keys) {
        if (-not $used.ContainsKey($name) -and $name -notmatch 'Preference$|^null$') {
            Write-Finding $File $assigned[$name] 'PSUseDeclaredVarsMoreThanAssignments' "`$$name is never read"
        }
    }
}

function Test-File {
    param([string]$File)

    $tokens = $null
    $errors = $null
    $text = [IO.File]::ReadAllText($File)
    $script = [System.Management.Automation.Language.Parser]::ParseInput($text, $File, [ref]$tokens, [ref]$errors)
    foreach ($problem in $errors) {
        Write-Finding $File $problem.Extent.StartLineNumber 'ParseError' $problem.Message
    }
    $lines = $text.Split("`n")
    $in_text = New-Object 'bool[]' $lines.Count
    foreach ($token in $tokens) {
        if ($token.Extent.StartLineNumber -ne $token.Extent.EndLineNumber) {
            # But for the first, lines of a text or a comment are as they must be.
            for ($index = $token.Extent.StartLineNumber; $index -lt $token.Extent.EndLineNumber; $index++) {
                $in_text[$index] = $token.Kind -ne 'NewLine'
            }
        }
        $rest = $lines[$token.Extent.EndLineNumber - 1]
        $rest = $rest.Substring([Math]::Min($rest.Length, $token.Extent.EndColumnNumber - 1))
        if ($token.Kind -eq 'Semi' -and -not $rest.Trim()) {
            Write-Finding $File $token.Extent.StartLineNumber 'PSAvoidSemicolonsAsLineTerminators' ';'
        }
        if ($token.Kind -eq 'Comma' -and $rest -match '^\S') {
            Write-Finding $File $token.Extent.StartLineNumber 'PSUseConsistentWhitespace' 'no blank after the comma'
        }
    }
    Test-Line -File $File -Lines $lines -InText $in_text
    Test-Variable -File $File -Script $script
    foreach ($found in $script.FindAll({ $true }, $true)) {
        $line = $found.Extent.StartLineNumber
        if ($found -is [System.Management.Automation.Language.CommandAst]) {
            Test-Command -File $File -Command $found
        }
        elseif ($found -is [System.Management.Automation.Language.FunctionDefinitionAst]) {
            $verb, $noun = $found.Name -split '-', 2
            if ($noun -and $verb -notin $verbs) {
                Write-Finding $File $line 'PSUseApprovedVerbs' $found.Name
            }
            if ($noun -and (Test-Plural -Noun $noun)) {
                Write-Finding $File $line 'PSUseSingularNouns' $found.Name
            }
        }
        elseif ($found -is [System.Management.Automation.Language.CatchClauseAst]) {
            if ($found.Body.Statements.Count -eq 0) {
                Write-Finding $File $line 'PSAvoidUsingEmptyCatchBlock' 'say at least why, with $null = $_'
            }
        }
        elseif ($found -is [System.Management.Automation.Language.BinaryExpressionAst]) {
            if ($found.Operator -match '^[CI](eq|ne)$' -and $found.Right.Extent.Text -eq '$null') {
                Write-Finding $File $line 'PSPossibleIncorrectComparisonWithNull' '$null belongs on the left'
            }
        }
        elseif ($found -is [System.Management.Automation.Language.ParameterAst]) {
            if ($found.StaticType -eq [switch] -and $found.DefaultValue) {
                Write-Finding $File $line 'PSAvoidDefaultValueSwitchParameter' $found.Name.Extent.Text
            }
        }
    }
}

foreach ($file in $args) {
    Test-File -File $file
}
exit [int]($count -gt 0)
