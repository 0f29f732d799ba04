# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# JSON text, read and written. Runs on the target.
#
# PowerShell's own reader makes dates of texts, takes keys that differ in case for one, and passes over what is no JSON.

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

$script:LEVELS = 99 # objects and lists in each other; Codex itself stops at 128
$script:LENIENT_LEVELS = 900 # about where Python stops
$script:TOKENS_LIMIT = 400000 # of a request, each of which takes time
$script:FILE_TOKENS_LIMIT = 10000 # of an auth.json, which has about sixty
$script:FILE_ESCAPES_LIMIT = 50000
$script:DIGITS = 400 # of an integer; the largest number that any JSON library reads has 309

# One token: 1 a text, 2 a mark, 3 a number with 4 its fraction and exponent, 5 a word, 6 the end.
$script:TOKEN = [regex]::new(
    '\G[ \t\n\r]*(?:' +
    '"((?>(?:[^"\\\x00-\x1f]+|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*))"' +
    '|([\[\]{},:])' +
    '|(-?(?:0|[1-9][0-9]*)((?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?))' +
    '|(true|false|null|NaN|-?Infinity)' +
    '|(\z))')
$script:ESCAPE = [regex]::new('\\(?:u(....)|(.))')
$script:ESCAPED = @{ b = "`b"; f = "`f"; n = "`n"; r = "`r"; t = "`t" }
$script:WORDS = @{
    true = $true
    false = $false
    null = $null
    NaN = [double]::NaN
    Infinity = [double]::PositiveInfinity
    '-Infinity' = [double]::NegativeInfinity
}
$script:NOT_PLAIN = [regex]::new('[^ !#-\[\]-~]') # what is escaped in ASCII
$script:NOT_LITERAL = [regex]::new('["\\\x00-\x1f]') # what every JSON text escapes
$script:SHORT = @{ '"' = '\"'; '\' = '\\'; "`b" = '\b'; "`f" = '\f'; "`n" = '\n'; "`r" = '\r'; "`t" = '\t' }

Function New-CodexMap {
    <#
    .SYNOPSIS
    An empty map that keeps its order and tells names apart that differ in case only.

    .DESCRIPTION
    Ask psbase for its Keys and its Count: without that, PowerShell gives the entry of such a name, if there is one.
    #>
    [System.Collections.Specialized.OrderedDictionary]::new([StringComparer]::Ordinal)
}

Function Read-CodexJson {
    <#
    .SYNOPSIS
    The value that a JSON text says: maps, arrays, texts, numbers, booleans, null. Throws FormatException for others.

    .DESCRIPTION
    Refuses what not every program reads alike, too: a name twice in one object, half of a surrogate pair, numbers out of
    the range of 64 bits, and deep nesting. -Lenient takes those as Python does, where it is to agree with Python about
    the payload of a token; an integer that is too large becomes infinite there. -OfFile: the text is one of an account's
    files, so it is bounded: a text of 4 MiB may otherwise take a minute.
    #>
    param ([AllowEmptyString()][string]$Text, [switch]$Lenient, [switch]$OfFile)

    # In one function, since calling another one for each value would take most of the time that a description takes.
    $deepest = if ($Lenient) { $LENIENT_LEVELS } else { $LEVELS }
    $isUnicode = $Lenient -or (Test-CodexUnicode -Text $Text)
    $outer = [System.Collections.Stack]::new() # what is read again when the container ends: its own container and name
    $container = $null
    $isMap = $false # whether the container is an object
    $name = $null
    $awaited = 'value' # what may come next: value, first (or the container's end), name, colon, comma, end
    $result = $null
    $position = 0
    $count = 0
    $limit = if ($OfFile) { $FILE_TOKENS_LIMIT } else { $TOKENS_LIMIT }
    $hasManyEscapes = $OfFile -and $Text.Length - $Text.Replace('\', '').Length -gt $FILE_ESCAPES_LIMIT
    while ($isUnicode -and -not $hasManyEscapes) {
        $match = $TOKEN.Match($Text, $position)
        $count += 1
        if (-not $match.Success -or $count -gt $limit) { break }
        $position = $match.Index + $match.Length
        $groups = $match.Groups
        if ($groups[1].Success) {
            $value = $groups[1].Value
            if ($value.IndexOf('\') -ge 0) {
                $value = Expand-CodexEscape -Text $value
                if (-not $Lenient -and -not (Test-CodexUnicode -Text $value)) { break }
            }
            if ($isMap -and ($awaited -eq 'name' -or $awaited -eq 'first')) {
                if (-not $Lenient -and $container.Contains($value)) { break }
                $name = $value
                $awaited = 'colon'
                continue
            }
        }
        elseif ($groups[2].Success) {
            $mark = $groups[2].Value
            if ($mark -eq ',') {
                if ($awaited -ne 'comma') { break }
                $awaited = if ($isMap) { 'name' } else { 'value' }
                continue
            }
            if ($mark -eq ':') {
                if ($awaited -ne 'colon') { break }
                $awaited = 'value'
                continue
            }
            if ($mark -eq '{' -or $mark -eq '[') {
                if ($awaited -ne 'value' -and ($isMap -or $awaited -ne 'first')) { break }
                if ($outer.Count -ge $deepest) { break }
                $outer.Push(@($container, $isMap, $name))
                $isMap = $mark -eq '{'
                $container = if ($isMap) { New-CodexMap } else { , [System.Collections.ArrayList]::new() }
                $awaited = 'first'
                continue
            }
            $isEnd = $null -ne $container -and ($awaited -eq 'first' -or $awaited -eq 'comma')
            if (-not $isEnd -or $isMap -ne ($mark -eq '}')) { break }
            $value = if ($isMap) { $container } else { , $container.ToArray() }
            $container, $isMap, $name = $outer.Pop()
            $awaited = 'value'
        }
        elseif ($groups[3].Success) {
            $value = ConvertTo-CodexNumber -Text $groups[3].Value -Fraction $groups[4].Value -Lenient $Lenient
        }
        elseif ($groups[5].Success) {
            $value = $WORDS[$groups[5].Value]
            if (-not $Lenient -and $value -is [double]) { break }
        }
        elseif ($awaited -eq 'end') {
            return , $result
        }
        else {
            break
        }

        # A whole value was read.
        if ($awaited -ne 'value' -and ($isMap -or $awaited -ne 'first')) { break }
        if ($null -eq $container) {
            $result = $value
            $awaited = 'end'
        }
        else {
            if ($isMap) { $container[$name] = $value } else { [void]$container.Add($value) }
            $awaited = 'comma'
        }
    }
    throw [FormatException]::new('not JSON that every program reads alike')
}

Function Expand-CodexEscape {
    # A JSON text between its quotes, with what its escapes stand for.
    param ([string]$Text)

    $ESCAPE.Replace($Text, [System.Text.RegularExpressions.MatchEvaluator] {
            param ($Match)
            $letter = $Match.Groups[2].Value
            if ($letter -eq '') { return [string][char][Convert]::ToInt32($Match.Groups[1].Value, 16) }
            if ($ESCAPED.ContainsKey($letter)) { return $ESCAPED[$letter] }
            $letter
        })
}

Function ConvertTo-CodexNumber {
    # The number that a JSON number says, as long, ulong or double.
    param ([string]$Text, [AllowEmptyString()][string]$Fraction, [bool]$Lenient)

    $invariant = [Globalization.CultureInfo]::InvariantCulture
    if ($Fraction -ne '') {
        $real = 0.0
        $isRead = [double]::TryParse($Text, [Globalization.NumberStyles]::Float, $invariant, [ref]$real)
        if (-not $isRead) { $real = [double]::PositiveInfinity } # .NET Framework
        if ([double]::IsInfinity($real) -and -not $Lenient) { throw [FormatException]::new('a number that is too large') }
        return $real
    }
    $style = [Globalization.NumberStyles]::AllowLeadingSign
    $signed = [long]0
    if ([long]::TryParse($Text, $style, $invariant, [ref]$signed)) { return $signed }
    $unsigned = [uint64]0
    if ([uint64]::TryParse($Text, $style, $invariant, [ref]$unsigned)) { return $unsigned }
    if (-not $Lenient -or $Text.Length -gt $DIGITS) { throw [FormatException]::new('a number that is too large') }
    [double]::PositiveInfinity
}

Function Test-CodexUnicode {
    <#
    .SYNOPSIS
    Whether a text can be written as UTF-8: without half of a surrogate pair.
    #>
    param ([AllowEmptyString()][string]$Text)

    -not [regex]::IsMatch($Text, '[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]')
}

Function ConvertTo-CodexJson {
    <#
    .SYNOPSIS
    A value as JSON text in ASCII, without blanks; with -Indent as Codex writes auth.json.
    #>
    param ($Value, [switch]$Indent)

    $builder = [System.Text.StringBuilder]::new()
    Add-CodexJson -Builder $builder -Value $Value -Indent ([bool]$Indent) -Margin "`n"
    $builder.ToString()
}

Function Add-CodexJson {
    # Appends a value as JSON. Margin: the line end and the blanks that begin a line at its level.
    param ([System.Text.StringBuilder]$Builder, $Value, [bool]$Indent, [string]$Margin)

    $inner = if ($Indent) { $Margin + '  ' } else { '' }
    if ($Value -is [System.Collections.IDictionary]) {
        $before = '{' + $inner
        $colon = if ($Indent) { ': ' } else { ':' }
        foreach ($entry in $Value.GetEnumerator()) {
            $name = $entry.Key
            $name = if ($NOT_PLAIN.IsMatch($name)) { ConvertTo-CodexJsonText $name $Indent } else { '"' + $name + '"' }
            [void]$Builder.Append($before).Append($name).Append($colon)
            $item = $entry.Value # nearly all are plain texts and booleans, for which calling a function would take long
            if ($item -is [string] -and -not $NOT_PLAIN.IsMatch($item)) { [void]$Builder.Append('"' + $item + '"') }
            elseif ($item -is [bool]) { [void]$Builder.Append($(if ($item) { 'true' } else { 'false' })) }
            else { Add-CodexJson -Builder $Builder -Value $item -Indent $Indent -Margin $inner }
            $before = ',' + $inner
        }
        [void]$Builder.Append($(if ($Value.psbase.Count -eq 0) { '{}' } elseif ($Indent) { $Margin + '}' } else { '}' }))
    }
    elseif ($Value -is [System.Collections.IEnumerable] -and $Value -isnot [string]) {
        $before = '[' + $inner
        $isEmpty = $true
        foreach ($item in $Value) {
            [void]$Builder.Append($before)
            Add-CodexJson -Builder $Builder -Value $item -Indent $Indent -Margin $inner
            $before = ',' + $inner
            $isEmpty = $false
        }
        [void]$Builder.Append($(if ($isEmpty) { '[]' } elseif ($Indent) { $Margin + ']' } else { ']' }))
    }
    else {
        [void]$Builder.Append((ConvertTo-CodexJsonScalar $Value $Indent))
    }
}

Function ConvertTo-CodexJsonScalar {
    # A text, a number, a boolean or null as JSON.
    param ($Value, [bool]$Indent)

    if ($Value -is [string]) { return ConvertTo-CodexJsonText $Value $Indent }
    if ($null -eq $Value) { return 'null' }
    if ($Value -is [bool]) { return $(if ($Value) { 'true' } else { 'false' }) }
    ConvertTo-CodexNumberText -Number $Value
}

Function ConvertTo-CodexJsonText {
    # A text in quotes, in ASCII unless it is for a file.
    param ([AllowEmptyString()][string]$Text, [bool]$Indent)

    $odd = if ($Indent) { $NOT_LITERAL } else { $NOT_PLAIN }
    if (-not $odd.IsMatch($Text)) { return '"' + $Text + '"' }
    $escaped = $odd.Replace($Text, [System.Text.RegularExpressions.MatchEvaluator] {
            param ($Match)
            if ($SHORT.ContainsKey($Match.Value)) { return $SHORT[$Match.Value] }
            '\u{0:x4}' -f [int][char]$Match.Value
        })
    '"' + $escaped + '"'
}

Function ConvertTo-CodexNumberText {
    # A number as JSON writes it; a double always with a point or an exponent, so that it stays one.
    param ($Number)

    $invariant = [Globalization.CultureInfo]::InvariantCulture
    if ($Number -isnot [double]) { return ([System.IConvertible]$Number).ToString($invariant) }
    $text = $Number.ToString('R', $invariant)
    if ($text -match '^-?[0-9]+$') { return $text + '.0' }
    $text
}

Export-ModuleMember -Function New-CodexMap, Read-CodexJson, Test-CodexUnicode, ConvertTo-CodexJson
