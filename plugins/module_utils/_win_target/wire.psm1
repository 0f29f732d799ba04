# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# How the answer is masked on its way to the controller (docs/protocol.md). Runs on the target.

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

$script:BLOCK = 32 # bytes of a SHA-256

Function Protect-CodexAnswer {
    <#
    .SYNOPSIS
    Bytes XOR a key stream of SHA-256 over the key (bytes) and a counter; undone by doing it again.

    .DESCRIPTION
    Ansible prints what a module prints at -vvv and in its debug log. The key came over standard input, which it never
    prints, so neither the target's configuration nor an API key that an answer quotes is shown.
    #>
    param ([byte[]]$Bytes, [byte[]]$Key)

    # All bits at once, since a loop over the bytes would take minutes for a long answer.
    $mixed = [System.Collections.BitArray]::new($Bytes)
    [void]$mixed.Xor([System.Collections.BitArray]::new((Get-CodexKeyStream -Key $Key -Length $Bytes.Length)))
    $masked = [byte[]]::new($Bytes.Length)
    $mixed.CopyTo($masked, 0)
    , $masked
}

Function Get-CodexKeyStream {
    # That many bytes of the key stream.
    param ([byte[]]$Key, [int]$Length)

    $sha256 = [System.Security.Cryptography.SHA256CryptoServiceProvider]::new() # the one that FIPS allows in 5.1
    $counted = [byte[]]::new($Key.Length + 8)
    [Buffer]::BlockCopy($Key, 0, $counted, 0, $Key.Length)
    $last = $counted.Length - 1
    $blocks = [int][Math]::Ceiling($Length / $BLOCK)
    $stream = [byte[]]::new($blocks * $BLOCK)
    for ($n = 0; $n -lt $blocks; $n++) {
        $counted[$last] = $n -band 255
        $counted[$last - 1] = ($n -shr 8) -band 255
        $counted[$last - 2] = ($n -shr 16) -band 255
        [Buffer]::BlockCopy($sha256.ComputeHash($counted), 0, $stream, $n * $BLOCK, $BLOCK)
    }
    $sha256.Dispose()
    [Array]::Resize([ref]$stream, $Length)
    , $stream
}

Export-ModuleMember -Function Protect-CodexAnswer
