using System.Globalization;
using System.Text.RegularExpressions;

namespace Topology.Tests.Hardening;

/// <summary>
/// An independent, simple parser of RFC 9112 over a whole stream of requests. It counts the complete, legal requests before the first one
/// that is not.
/// </summary>
public static partial class ReferenceParser
{
    private const string Token = @"[!#$%&'*+\-.^_`|~0-9A-Za-z]";

    /// <summary>The number of complete legal requests at the start, and whether a legal head follows them.</summary>
    public static (int Whole, bool HasHead) Count(string stream)
    {
        var (at, whole, hasHead) = (0, 0, false);
        while (TryTake(stream, ref at, out hasHead)) whole++;
        return (whole, hasHead);
    }

    private static bool TryTake(string stream, ref int at, out bool hasHead)
    {
        hasHead = false;
        var head = Head().Match(stream, at);
        if (!head.Success) return false;
        var (method, target, version) = (head.Groups["method"].Value, head.Groups["target"].Value, head.Groups["version"].Value);
        var fields = head.Groups["name"].Captures.Zip(head.Groups["value"].Captures,
            (name, value) => (Name: name.Value.ToUpperInvariant(), Value: value.Value.Trim(' ', '\t'))).ToLookup(
                field => field.Name, field => field.Value);

        var isTargetLegal = target == "*" ? method == "OPTIONS" : target[0] == '/' || Absolute().IsMatch(target);
        if (!isTargetLegal || method == "CONNECT") return false;
        if (fields["HOST"].Count() != 1 || !Host().IsMatch(fields["HOST"].Single())) return false;

        at = head.Index + head.Length;
        var lengths = fields["CONTENT-LENGTH"].ToList();
        var codings = fields["TRANSFER-ENCODING"].ToList();
        if (codings.Count > 0)
        {
            hasHead = codings is [var coding] && coding.Equals("chunked", StringComparison.OrdinalIgnoreCase) && lengths.Count == 0
                && version == "1.1";
            return hasHead && TryTakeChunks(stream, ref at);
        }

        var bytes = 0L;
        hasHead = lengths.Count == 0
            || (lengths is [var length] && Regex.IsMatch(length, "^[0-9]+\\z")
            && long.TryParse(length, CultureInfo.InvariantCulture, out bytes));
        if (!hasHead || bytes > stream.Length - at) return false;
        at += (int)bytes;
        return true;
    }

    private static bool TryTakeChunks(string stream, ref int at)
    {
        while (true)
        {
            var line = Chunk().Match(stream, at);
            if (!line.Success || line.Length > 256 + 2) return false;
            var size = uint.Parse(line.Groups["size"].ValueSpan, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
            at += line.Length;
            if (size == 0) break;
            if (size > stream.Length - at - 2 || stream[at + (int)size] != '\r' || stream[at + (int)size + 1] != '\n') return false;
            at += (int)size + 2;
        }

        var trailers = Trailers().Match(stream, at);
        at += trailers.Length;
        return trailers.Success
            && !trailers.Groups["name"].Captures.Any(
            name => Regex.IsMatch(name.Value, "^(host|content-length|transfer-encoding)\\z", RegexOptions.IgnoreCase));
    }

    [GeneratedRegex(
        $@"\G(\r\n)?(?<method>{Token}{{1,32}}) (?<target>[\x21\x22\x24-\x7e]+) HTTP/(?<version>1\.[01])\r\n"
        + $@"((?<name>{Token}+):(?<value>[\t\x20-\x7e\x80-\xff]*)\r\n)*\r\n", RegexOptions.CultureInvariant)]
    private static partial Regex Head();

    [GeneratedRegex(@"^[hH][tT][tT][pP][sS]?://([-._0-9A-Za-z]+|\[[0-9a-fA-F:.]+\])(:[0-9]{1,5})?([/?].*)?\z")]
    private static partial Regex Absolute();

    [GeneratedRegex(@"^([-._0-9A-Za-z]+|\[[0-9a-fA-F:.]+\])(:[0-9]{1,5})?\z")]
    private static partial Regex Host();

    [GeneratedRegex(
        $@"\G(?<size>[0-9a-fA-F]{{1,8}})"
        + $@"(?<extension>;[ \t]*{Token}+([ \t]*=[ \t]*"
        + $@"({Token}+|""([\t\x20\x21\x23-\x5b\x5d-\x7e\x80-\xff]|\\[\t\x20-\x7e\x80-\xff])*""))?([ \t]+(?=;))?)*\r\n",
        RegexOptions.CultureInvariant)]
    private static partial Regex Chunk();

    [GeneratedRegex($@"\G((?<name>{Token}+):[\t\x20-\x7e\x80-\xff]*\r\n)*\r\n", RegexOptions.CultureInvariant)]
    private static partial Regex Trailers();
}
