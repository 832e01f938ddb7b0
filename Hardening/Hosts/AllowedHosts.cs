using System.Buffers;
using System.Collections.Frozen;
using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;

namespace Topology.Hardening.Hosts;

/// <summary>
/// The host names that the public listeners serve: <c>Topology:AllowedHosts</c>, a list or one value separated by semicolons.
/// <c>*.example.com</c> means every name below example.com. Ports are not compared, because the Host field cannot change which port a
/// client reaches.
/// </summary>
/// <remarks>
/// In Development, the default is the loopback names. Elsewhere there is no default, and the service does not start without names.
/// Otherwise clients could choose the host in the service's links (RFC 9110 section 7.2).
/// </remarks>
public sealed class AllowedHosts
{
    /// <summary>The configuration key.</summary>
    public const string Key = "Topology:AllowedHosts";

    private static readonly SearchValues<char> LabelCharacters =
        SearchValues.Create("-_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

    private static readonly string[] Loopback = ["localhost", "*.localhost", "127.0.0.1", "[::1]"];

    private readonly FrozenSet<string>.AlternateLookup<ReadOnlySpan<char>> _names;
    private readonly string[] _suffixes;

    /// <summary>Reads and checks the configured names.</summary>
    /// <exception cref="InvalidOperationException">A name is not a valid host. The message names it.</exception>
    public AllowedHosts(IConfiguration configuration, IHostEnvironment environment)
    {
        var section = configuration.GetSection(Key);
        Names = [
            .. (section.Value?.Split(';') ?? section.GetChildren().Select(child => child.Value ?? ""))
                .Select(name => name.Trim()).Where(name => name.Length > 0),
        ];
        if (Names.Count == 0 && environment.IsDevelopment()) Names = Loopback;
        if (Names.FirstOrDefault(name => !IsPattern(name)) is { } wrong)
        {
            throw new InvalidOperationException(
                $"{Key} contains \"{wrong}\". Give names without a port: example.com, *.example.com, 192.0.2.1 or [2001:db8::1]. "
                    + "A lone * is not a name.");
        }

        _suffixes = [.. from name in Names where name.StartsWith('*') select name[1..]];
        _names = Names.Where(name => !name.StartsWith('*'))
            .Select(Canonical).ToFrozenSet(StringComparer.OrdinalIgnoreCase).GetAlternateLookup<ReadOnlySpan<char>>();
    }

    /// <summary>The names, as configured.</summary>
    public IReadOnlyList<string> Names { get; }

    /// <summary>Whether the value of a Host field is well-formed and allowed.</summary>
    public bool Contains(string? host)
    {
        if (string.IsNullOrEmpty(host) || !TrySplit(host, out var name)) return false;
        if (_names.Contains(name)) return true;
        if (name[0] == '[') return _names.Contains(Canonical(name.ToString()));
        foreach (var suffix in _suffixes)
        {
            if (name.Length > suffix.Length && name.EndsWith(suffix, StringComparison.OrdinalIgnoreCase)) return IsDnsName(name);
        }

        return false;
    }

    /// <summary>
    /// Whether the name consists of labels of letters, digits, "_" and inner hyphens (RFC 1123 section 2.1). The check is needed because
    /// the client chooses the text that a wildcard matches.
    /// </summary>
    private static bool IsDnsName(ReadOnlySpan<char> name)
    {
        const int LongestName = 253, LongestLabel = 63;
        if (name.Length > LongestName) return false;
        foreach (var range in name.Split('.'))
        {
            var label = name[range];
            if (label.Length is 0 or > LongestLabel || label[0] == '-' || label[^1] == '-' || label.ContainsAnyExcept(LabelCharacters))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>
    /// uri-host [ ":" port ], RFC 9110 section 7.2. Names are compared as a whole, so their characters need no check here.
    /// </summary>
    private static bool TrySplit(ReadOnlySpan<char> host, out ReadOnlySpan<char> name)
    {
        var end = host[0] == '[' ? host.IndexOf(']') + 1 : host.IndexOf(':');
        name = end < 0 ? host : host[..end];
        if (name.IsEmpty) return false;
        var port = host[name.Length..];
        return port.IsEmpty || (port[0] == ':' && port.Length is > 1 and <= 6
            && !port[1..].ContainsAnyExceptInRange('0', '9') && ushort.TryParse(port[1..], out _));
    }

    /// <summary>IPv6 addresses have several spellings; this returns the one of RFC 5952.</summary>
    private static string Canonical(string name) =>
        name.StartsWith('[') && name.EndsWith(']') && IPAddress.TryParse(name[1..^1], out var address) ? $"[{address}]" : name;

    private static bool IsPattern(string name) => name switch
    {
        ['[', .. var address, ']'] => IPAddress.TryParse(address, out _) && !address.Contains('%', StringComparison.Ordinal),
        ['*', '.', .. var rest] => Uri.CheckHostName(rest) == UriHostNameType.Dns,
        _ => Uri.CheckHostName(name) is UriHostNameType.Dns or UriHostNameType.IPv4,
    };
}
