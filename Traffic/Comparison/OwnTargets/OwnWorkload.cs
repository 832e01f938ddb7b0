using System.Globalization;
using Topology.Comparison.Workloads;

namespace Topology.Comparison.OwnTargets;

/// <summary>A request to the user's own application.</summary>
/// <param name="request">The request.</param>
/// <param name="expected">The status of a successful response; null for any from 200 to 299.</param>
public sealed class OwnWorkload(WorkloadRequest request, int? expected) : Workload
{
    private const string FramedByClient = "Connection, Content-Length, Expect, Transfer-Encoding, Upgrade";

    /// <inheritdoc />
    public override string Name => $"{request.Method} {request.Path}";

    /// <inheritdoc />
    public override string Description => "A request to your own application";

    /// <inheritdoc />
    public override string Service => "";

    /// <inheritdoc />
    public override bool IsOwn => true;

    /// <inheritdoc />
    public override bool IsRepeatable => !Writes || request.Method is "PUT" or "DELETE";

    /// <inheritdoc />
    public override bool Writes => request.Method is not ("GET" or "HEAD" or "OPTIONS");

    /// <inheritdoc />
    public override string ExpectedText => expected?.ToString(CultureInfo.InvariantCulture) ?? "200 to 299";

    /// <inheritdoc />
    public override bool Accepts(int status) => expected is { } one ? status == one : status is >= 200 and < 300;

    /// <inheritdoc />
    public override WorkloadRequest Create(int variant) => request;

    /// <summary>Builds the request of what the user wrote.</summary>
    /// <param name="method">The method, such as <c>GET</c>.</param>
    /// <param name="path">Path and query.</param>
    /// <param name="headers">Lines of the form <c>Name: value</c>.</param>
    /// <param name="body">The body; null without one.</param>
    /// <param name="expected">The expected status; null for any from 200 to 299.</param>
    /// <exception cref="FormatException">The request cannot be sent; the message says what to write.</exception>
    public static OwnWorkload Parse(string method, string path, IEnumerable<string> headers, ReadOnlyMemory<byte>? body, int? expected)
    {
        ArgumentNullException.ThrowIfNull(method);
        ArgumentNullException.ThrowIfNull(path);
        if (method is "CONNECT" or "TRACE" || !IsToken(method) || method.Any(char.IsAsciiLetterLower))
        {
            throw new FormatException($"The method \"{method}\" cannot be used; write one such as GET, HEAD or POST.");
        }
        if (!path.StartsWith('/') || !path.All(letter => letter is > ' ' and < '\x7f' and not '#'))
        {
            throw new FormatException($"The path \"{path}\" cannot be sent; begin with / and encode what is not ASCII, such as %20.");
        }
        if (expected is < 200 or > 599) throw new FormatException($"--expect is {expected}; give a status from 200 to 599.");

        (string Name, string Value)[] fields = [.. headers.Select(Field)];
        const string Type = "Content-Type";
        var type = fields.FirstOrDefault(field => field.Name.Equals(Type, StringComparison.OrdinalIgnoreCase)).Value
            ?? (body is null ? null : "application/octet-stream");
        return new(
            new(method, path, body ?? default, type)
            {
                Headers = [.. fields.Where(field => !field.Name.Equals(Type, StringComparison.OrdinalIgnoreCase))],
            },
            expected);
    }

    private static (string Name, string Value) Field(string line)
    {
        if (line.Split(':', 2) is not [var name, var value] || !IsToken(name)
            || !value.All(letter => letter is >= ' ' and < '\x7f' or '\t'))
        {
            throw new FormatException($"--header \"{line}\" is not a header; write 'Name: value' in ASCII.");
        }
        if (name.Equals("Host", StringComparison.OrdinalIgnoreCase) && !Uri.TryCreate($"https://{value.Trim()}", UriKind.Absolute, out _))
        {
            throw new FormatException($"--header \"{line}\" is not a host; write one such as 'Host: www.example'.");
        }
        return FramedByClient.Split(", ").Contains(name, StringComparer.OrdinalIgnoreCase)
            ? throw new FormatException($"--header cannot set {name}, which belongs to the connection ({FramedByClient}); leave it out.")
            : (name, value.Trim());
    }

    /// <summary>Whether it is a token as RFC 9110 defines it.</summary>
    private static bool IsToken(string text) =>
        text.Length > 0
            && text.All(letter => char.IsAsciiLetterOrDigit(letter) || "!#$%&'*+-.^_`|~".Contains(letter, StringComparison.Ordinal));
}
