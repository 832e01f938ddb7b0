using System.Globalization;
using System.Text;
using Topology.Comparison.Workloads;

namespace Topology.Comparison.Lanes;

/// <summary>The bytes of one request.</summary>
internal sealed class Http1Request
{
    private readonly byte[] _message;
    private readonly int _key = -1;

    public Http1Request(Uri address, Workload workload, int variant)
    {
        var request = workload.Create(variant);
        IsHead = request.Method == "HEAD";
        var named = LoadHeaders.Find(request, LoadHeaders.Host);
        var host = named ?? address.Authority;
        TlsHost = named is null ? address.IdnHost : new Uri($"https://{named}").IdnHost;
        var head = new StringBuilder()
            .Append(CultureInfo.InvariantCulture, $"{request.Method} {request.At(address)} HTTP/1.1\r\nHost: {host}\r\n");
        foreach (var (name, value) in LoadHeaders.Of(workload, request))
        {
            if (!name.Equals(LoadHeaders.Host, StringComparison.OrdinalIgnoreCase))
            {
                head.Append(name).Append(": ").Append(value).Append("\r\n");
            }
        }
        if (request.ContentType is { } type) head.Append(CultureInfo.InvariantCulture, $"Content-Type: {type}\r\n");
        if (request.ContentType is not null || request.Method is "POST" or "PUT" or "PATCH")
        {
            head.Append(CultureInfo.InvariantCulture, $"Content-Length: {request.Body.Length}\r\n");
        }
        if (workload.IsKeyed)
        {
            head.Append(LoadHeaders.Key).Append(": ");
            _key = head.Length;
            head.Append('0', 32).Append("\r\n");
        }

        _message = [.. Encoding.ASCII.GetBytes(head.Append("\r\n").ToString()), .. request.Body.Span];
    }

    /// <summary>Whether its response has no body, whatever its head says.</summary>
    public bool IsHead { get; }

    /// <summary>The name that the server's certificate must be issued for: as in .NET's client, that of the header <c>Host</c>.</summary>
    public string TlsHost { get; }

    /// <summary>The bytes to send, with a new idempotency key if the workload uses keys.</summary>
    public ReadOnlySpan<byte> Renew()
    {
        if (_key >= 0) Guid.NewGuid().TryFormat(_message.AsSpan(_key, 32), out _, "N");
        return _message;
    }
}
