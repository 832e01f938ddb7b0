using System.Buffers.Text;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace Topology.Hardening.Strictness;

/// <summary>The grammar of single lines: request line, field, chunk size.</summary>
internal sealed partial class Http1Scanner
{
    /// <summary>method SP request-target SP HTTP-version, RFC 9112 section 3, with single spaces only.</summary>
    private void RequestLine(ReadOnlySpan<byte> line)
    {
        var first = line.IndexOf((byte)' ');
        var last = line.LastIndexOf((byte)' ');
        if (first <= 0 || first == last) Refuse("the request line does not have three parts");
        var method = line[..first];
        if (method.Length > LongestMethod || method.ContainsAnyExcept(Http1Bytes.Token))
        {
            Refuse("the method is not a token or is too long");
        }

        var version = line[(last + 1)..];
        if (!version.SequenceEqual("HTTP/1.1"u8))
        {
            if (!version.SequenceEqual("HTTP/1.0"u8)) Refuse("the version is neither HTTP/1.1 nor HTTP/1.0");
            _isHttp10 = true;
        }

        Target(line[(first + 1)..last], method);
    }

    /// <summary>
    /// Checks the request target. It accepts the forms of RFC 9112 section 3.2 except authority-form, because this server opens no tunnels.
    /// </summary>
    private static void Target(ReadOnlySpan<byte> target, ReadOnlySpan<byte> method)
    {
        if (target.IsEmpty || target.ContainsAnyExcept(Http1Bytes.Target)) Refuse("the request target has an invalid character");
        if (method.SequenceEqual("CONNECT"u8)) Refuse("CONNECT requests a tunnel");
        if (target[0] == '/') return;
        if (target.SequenceEqual("*"u8))
        {
            if (!method.SequenceEqual("OPTIONS"u8)) Refuse("the target * is valid for OPTIONS only");
            return;
        }

        var scheme = target.IndexOf("://"u8);
        if (scheme < 0 || !(Ascii.EqualsIgnoreCase(target[..scheme], "http"u8) || Ascii.EqualsIgnoreCase(target[..scheme], "https"u8)))
        {
            Refuse("the request target has no valid form");
        }

        var authority = target[(scheme + 3)..];
        var end = authority.IndexOfAny((byte)'/', (byte)'?');
        if (!Http1Bytes.IsHost(end < 0 ? authority : authority[..end])) Refuse("the request target's authority is invalid");
    }

    /// <summary>
    /// field-name ":" OWS field-value OWS, RFC 9112 section 5. A folded line is refused, because it starts with white space instead of a
    /// name.
    /// </summary>
    private void Field(ReadOnlySpan<byte> line)
    {
        var name = FieldName(line);
        if (name is null) return;

        var value = line[(name.Length + 1)..].Trim(" \t"u8);
        switch (name)
        {
            case "host":
                if (_hasHost) Refuse("more than one Host");
                if (!Http1Bytes.IsHost(value)) Refuse("an invalid Host");
                _hasHost = true;
                break;
            case "content-length":
                if (_contentLength is not null) Refuse("more than one Content-Length");
                _contentLength = Digits(value);
                break;
            case "connection":
                if (Ascii.EqualsIgnoreCase(value, "keep-alive"u8) || Ascii.EqualsIgnoreCase(value, "close"u8)) break;
                Connection = Connection is null ? Encoding.Latin1.GetString(value) : $"{Connection},{Encoding.Latin1.GetString(value)}";
                break;
            case "transfer-encoding":
                if (_isChunked || !Ascii.EqualsIgnoreCase(value, "chunked"u8)) Refuse("a Transfer-Encoding other than a single chunked");
                _isChunked = true;
                break;
        }
    }

    /// <summary>The lower-case name if framing or forwarding depends on the field, otherwise null.</summary>
    private static string? FieldName(ReadOnlySpan<byte> line)
    {
        var length = line.IndexOfAnyExcept(Http1Bytes.Token);
        if (length <= 0 || line[length] != ':') Refuse("a field name is not a token followed by a colon");
        var candidate = length switch
        {
            4 => "host",
            10 => "connection",
            14 => "content-length",
            17 => "transfer-encoding",
            _ => null,
        };
        return candidate is not null && Ascii.EqualsIgnoreCase(line[..length], candidate) ? candidate : null;
    }

    /// <summary>1*DIGIT, RFC 9110 section 8.6: no sign, no list, no overflow.</summary>
    private static long Digits(ReadOnlySpan<byte> value)
    {
        if (!value.ContainsAnyExceptInRange((byte)'0', (byte)'9')
            && Utf8Parser.TryParse(value, out long length, out var used) && used == value.Length)
        {
            return length;
        }

        Refuse("a Content-Length that is not decimal or has too many digits");
        return 0;
    }

    /// <summary>Determines the body length, RFC 9112 section 6.3, and refuses ambiguous framing.</summary>
    private void EndOfHead()
    {
        if (!_hasHost) Refuse("no Host");
        if (_isChunked)
        {
            if (_contentLength is not null) Refuse("Transfer-Encoding together with Content-Length");
            if (_isHttp10) Refuse("Transfer-Encoding in HTTP/1.0");
            _part = Part.ChunkSize;
        }
        else
        {
            _remaining = _contentLength ?? 0;
            _part = _remaining > 0 ? Part.Content : Part.Complete;
        }
    }

    /// <summary>chunk-size [ chunk-ext ], RFC 9112 section 7.1, with a limited number of hexadecimal digits.</summary>
    private void ChunkSize(ReadOnlySpan<byte> line)
    {
        if (line.Length > LongestChunkLine) Refuse("the line of a chunk size is too long");
        var digits = line.IndexOf((byte)';') is >= 0 and var end ? end : line.Length;
        if (digits is 0 or > MostChunkDigits || !Utf8Parser.TryParse(line[..digits], out uint size, out var used, 'x') || used != digits
            || size > int.MaxValue)
        {
            Refuse(BadChunkSize);
            return;
        }

        if (digits < line.Length)
        {
            _extensionBytes += line.Length - digits;
            if (_extensionBytes > MostExtensionBytes) Refuse("too many chunk extensions");
            if (!Http1Bytes.IsChunkExtensions(line[digits..])) Refuse("invalid chunk extensions");
        }

        _remaining = size;
        _part = size > 0 ? Part.ChunkData : Part.Trailers;
    }

    [System.Diagnostics.CodeAnalysis.DoesNotReturn]
    private static void Refuse(string reason) =>
        throw new BadHttpRequestException($"The request is not valid HTTP/1.1: {reason}.", StatusCodes.Status400BadRequest);
}
