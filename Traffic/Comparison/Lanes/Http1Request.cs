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
        var head = new StringBuilder()
            .Append(CultureInfo.InvariantCulture, $"{request.Method} {request.Path} HTTP/1.1\r\nHost: {address.Authority}\r\n")
            .Append(CultureInfo.InvariantCulture, $"User-Agent: {LoadHeaders.UserAgent}\r\n");
        foreach (var (name, value) in LoadHeaders.Trace) head.Append(name).Append(": ").Append(value).Append("\r\n");
        if (request.ContentType is { } type)
        {
            head.Append(CultureInfo.InvariantCulture, $"Content-Type: {type}\r\nContent-Length: {request.Body.Length}\r\n");
        }
        if (workload.IsKeyed)
        {
            head.Append(LoadHeaders.Key).Append(": ");
            _key = head.Length;
            head.Append('0', 32).Append("\r\n");
        }

        _message = [.. Encoding.ASCII.GetBytes(head.Append("\r\n").ToString()), .. request.Body.Span];
    }

    /// <summary>The bytes to send, with a new idempotency key if the workload uses keys.</summary>
    public ReadOnlySpan<byte> Renew()
    {
        if (_key >= 0) Guid.NewGuid().TryFormat(_message.AsSpan(_key, 32), out _, "N");
        return _message;
    }
}
