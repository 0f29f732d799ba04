# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# What an auth.json says, without its secrets. Runs on the target, as a part of describe.
#
# It says the same as _describe/auth_summary.py of every file, with which the controller summarises what it is going to
# write: change both together.

#AnsibleRequires -PowerShell ansible_collections.fleet.codex.plugins.module_utils._win_target.errors
#AnsibleRequires -PowerShell ansible_collections.fleet.codex.plugins.module_utils._win_target.json
#AnsibleRequires -PowerShell ansible_collections.fleet.codex.plugins.module_utils._win_target.reading

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

$script:TOKENS = 'id_token', 'access_token', 'refresh_token'
$script:KEYS = 'OPENAI_API_KEY', 'personal_access_token' # fields at the top that are a credential by themselves
$script:CLAIMS = 'email', 'sub', 'iat', 'exp'
$script:TIME_CLAIMS = 'iat', 'exp' # numbers; all other claims are text
$script:AUTH = 'https://api.openai.com/auth' # the claim that holds those of the account
$script:AUTH_CLAIMS = 'chatgpt_account_id', 'chatgpt_plan_type', 'chatgpt_user_id'

$script:TEXT_LIMIT = 1024 # characters of a name, a claim, a time; real ones have at most a tenth of it
$script:FIELD_LIMIT = 200 # fields at the top
$script:SMALLEST = -9223372036854775808.0 # the integers of the library with which Codex reads JSON
$script:TOO_LARGE = 18446744073709551616.0

$script:UTF8 = [System.Text.UTF8Encoding]::new($false, $true) # throws for what is not UTF-8

# What a lenient reader makes of base64: whole groups of four, and an end. D is a digit; "=" counts where it can be an end.
$script:BASE64 = [regex]::new(
    '^(?<whole>(?>(?:=*D=*D=?DD)*))(?:=*(?<rest>D=*D)==|=*(?<rest>D=*D=?D)=|=*$)'.Replace('D', '[A-Za-z0-9+/]'))

Function Get-CodexAuthSummary {
    <#
    .SYNOPSIS
    What an auth.json (bytes) says, its secrets as SHA-256 only; {"malformed": true} where Codex fails.
    #>
    param ([AllowEmptyCollection()][byte[]]$Bytes)

    try {
        $document = Read-CodexJson -OfFile -Text $UTF8.GetString($Bytes)
        return New-CodexAuthSummary -Document $document
    }
    catch {
        if (-not (Test-CodexUnreadable -Exception $_.Exception)) { throw }
        $summary = New-CodexMap
        $summary['malformed'] = $true
        return $summary
    }
}

Function Test-CodexUnreadable {
    # Whether an exception says that something is not what it should be: text in UTF-8, JSON, base64, a login.
    param ([Exception]$Exception)

    $inner = Get-CodexInnerException -Exception $Exception
    $inner -is [FormatException] -or $inner -is [System.Text.DecoderFallbackException]
}

Function New-CodexAuthSummary {
    # The summary of an auth.json that is JSON. Throws FormatException for what Codex does not read.
    param ($Document)

    if ($Document -isnot [System.Collections.IDictionary] -or $Document.psbase.Count -gt $FIELD_LIMIT) {
        throw [FormatException]::new('not an object, or too many fields')
    }
    $tokens = $Document['tokens']
    if ($null -ne $tokens) { Test-CodexToken -Tokens $tokens }
    $summary = New-CodexMap
    $summary['fields'] = Get-CodexField -Document $Document
    $summary['auth_mode'] = Get-CodexTextOrNull -Value $Document['auth_mode']
    $summary['last_refresh'] = Get-CodexTextOrNull -Value $Document['last_refresh']
    $summary['account_id'] = if ($null -ne $tokens) { Get-CodexTextOrNull -Value $tokens['account_id'] } else { $null }
    $summary['secrets'] = Get-CodexSecretDigest -Document $Document -Tokens $tokens
    $summary['claims'] = New-CodexMap
    if ($null -ne $tokens) {
        foreach ($name in 'id_token', 'access_token') {
            $summary['claims'][$name] = Read-CodexClaim -Token $tokens[$name]
        }
    }
    $summary
}

Function Test-CodexToken {
    # Throws FormatException for tokens that Codex does not read: it needs all three, and a JWT as the id token.
    param ($Tokens)

    if ($Tokens -isnot [System.Collections.IDictionary]) { throw [FormatException]::new('tokens') }
    foreach ($name in $script:TOKENS) {
        if ($Tokens[$name] -isnot [string]) { throw [FormatException]::new('tokens') }
    }
    if (-not (Test-CodexIdToken -Token $Tokens['id_token'])) { throw [FormatException]::new('id_token') }
}

Function Get-CodexField {
    # The names at the top whose value is not null, sorted by their characters, as UTF-8 sorts them.
    param ([System.Collections.IDictionary]$Document)

    $names = @(foreach ($name in $Document.psbase.Keys) {
            if ($null -ne $Document[$name]) { Get-CodexTextOrNull -Value $name }
        })
    $order = @(foreach ($name in $names) { [BitConverter]::ToString($UTF8.GetBytes($name)) })
    [Array]::Sort($order, $names, [StringComparer]::Ordinal)
    , $names
}

Function Get-CodexSecretDigest {
    # SHA-256 of the tokens, and of the keys that are not empty.
    param ([System.Collections.IDictionary]$Document, [System.Collections.IDictionary]$Tokens)

    $digests = New-CodexMap
    if ($null -ne $Tokens) {
        foreach ($name in $script:TOKENS) { $digests[$name] = Get-CodexDigest -Bytes $UTF8.GetBytes($Tokens[$name]) }
    }
    foreach ($name in $KEYS) {
        $value = $Document[$name]
        if (Test-CodexEmpty -Value $value) { continue }
        if ($value -isnot [string]) { throw [FormatException]::new($name) }
        $digests[$name] = Get-CodexDigest -Bytes $UTF8.GetBytes($value)
    }
    $digests
}

Function Test-CodexEmpty {
    # Whether a value counts as none: null, false, zero, and a text, list or object with nothing in it.
    param ($Value)

    if ($Value -is [string]) { return $Value -eq '' }
    if ($Value -is [System.Collections.ICollection]) { return $Value.psbase.Count -eq 0 }
    $null -eq $Value -or $Value -eq 0
}

Function Test-CodexText {
    # Whether a value is text as a summary may hold it.
    param ($Value)

    $Value -is [string] -and (Test-CodexUnicode -Text $Value) -and (Get-CodexTextLength -Text $Value) -le $TEXT_LIMIT
}

Function Get-CodexTextLength {
    # How many characters a text has, of which .NET counts some as two; more than twice the limit are not counted.
    param ([AllowEmptyString()][string]$Text)

    if ($Text.Length -le $TEXT_LIMIT -or $Text.Length -gt 2 * $TEXT_LIMIT) { return $Text.Length }
    $Text.Length - [regex]::Matches($Text, '[\ud800-\udbff][\udc00-\udfff]').Count
}

Function Test-CodexTime {
    # Whether a value is a number of seconds as a summary may hold it.
    param ($Value)

    if ($Value -is [long] -or $Value -is [uint64]) { return $true }
    $Value -is [double] -and $SMALLEST -le $Value -and $Value -lt $TOO_LARGE
}

Function Get-CodexTextOrNull {
    # The value. Throws FormatException for what is neither text nor null.
    param ($Value)

    if ($null -ne $Value -and -not (Test-CodexText -Value $Value)) { throw [FormatException]::new('not a text') }
    $Value
}

Function Read-CodexPayload {
    # The payload of a JWT, without checking its signature; null for anything else.
    param ([AllowEmptyString()][string]$Token)

    $parts = $Token.Split([char[]]'.', 3)
    if ($parts.Length -lt 2) { return $null }
    try {
        $bytes = ConvertFrom-CodexBase64 -Text $parts[1].Replace('-', '+').Replace('_', '/')
        return , (Read-CodexJson -OfFile -Text $UTF8.GetString($bytes) -Lenient)
    }
    catch {
        if (-not (Test-CodexUnreadable -Exception $_.Exception)) { throw }
        return $null
    }
}

Function ConvertFrom-CodexBase64 {
    # Base64, with padding or without it, as bytes. As lenient as Python's reader, which passes over what is no digit.
    param ([AllowEmptyString()][string]$Text)

    if ($Text -match '[^\x00-\x7f]') { throw [FormatException]::new('not ASCII') }
    $padding = '=' * ((4 - $Text.Length % 4) % 4)
    $match = $BASE64.Match(($Text -replace '[^A-Za-z0-9+/=]', '') + $padding)
    if (-not $match.Success) { throw [FormatException]::new('not base64') }
    $digits = ($match.Groups['whole'].Value + $match.Groups['rest'].Value).Replace('=', '')
    , [Convert]::FromBase64String($digits + '=' * ((4 - $digits.Length % 4) % 4))
}

Function Test-CodexIdToken {
    # Whether Codex takes a text for an id token: a JWT whose claims of the account are text.
    param ([string]$Token)

    if ($Token.Length - $Token.Replace('.', '').Length -ne 2) { return $false }
    $payload = Read-CodexPayload -Token $Token
    if ($payload -isnot [System.Collections.IDictionary]) { return $false }
    $account = $payload[$AUTH]
    if ($null -ne $account -and $account -isnot [System.Collections.IDictionary]) { return $false }
    $claims = @(, $payload['email'])
    if ($null -ne $account) { foreach ($name in $AUTH_CLAIMS) { $claims += , $account[$name] } }
    foreach ($value in $claims) {
        if ($null -ne $value -and -not (Test-CodexText -Value $value)) { return $false }
    }
    $true
}

Function Read-CodexClaim {
    # The claims of a JWT that tell accounts and ages apart, those that are what they should be; none of anything else.
    param ([string]$Token)

    $found = New-CodexMap
    $payload = Read-CodexPayload -Token $Token
    if ($payload -isnot [System.Collections.IDictionary]) { return $found }
    foreach ($name in $script:CLAIMS) { Add-CodexClaim -Found $found -Name $name -Claims $payload }
    $account = $payload[$AUTH]
    if ($account -is [System.Collections.IDictionary]) {
        foreach ($name in $AUTH_CLAIMS) { Add-CodexClaim -Found $found -Name $name -Claims $account }
    }
    $found
}

Function Add-CodexClaim {
    # Adds one claim if it is what it should be.
    param (
        [System.Collections.IDictionary]$Found, [string]$Name, [System.Collections.IDictionary]$Claims
    )

    $value = $Claims[$Name]
    $isUsable = if ($TIME_CLAIMS -contains $Name) { Test-CodexTime -Value $value } else { Test-CodexText -Value $value }
    if ($isUsable) { $Found[$Name] = $value }
}

Export-ModuleMember -Function Get-CodexAuthSummary
