using System.Globalization;
using System.IO.Hashing;

namespace Topology.Comparison.Workloads;

/// <summary>A request: the same bytes on every path.</summary>
/// <param name="Method">The HTTP method.</param>
/// <param name="Path">Path and query.</param>
/// <param name="Body">The body, or the message where the workload is a WebSocket; may be empty.</param>
/// <param name="ContentType">The body's media type; null without a body.</param>
public sealed record WorkloadRequest(string Method, string Path, ReadOnlyMemory<byte> Body = default, string? ContentType = null)
{
    /// <summary>Further header fields.</summary>
    public IReadOnlyList<(string Name, string Value)> Headers { get; init; } = [];

    /// <summary>Path and query at an address, which may have a path of its own.</summary>
    public string At(Uri address)
    {
        ArgumentNullException.ThrowIfNull(address);
        return address.AbsolutePath.TrimEnd('/') + Path;
    }
}

/// <summary>How a workload exchanges requests and responses.</summary>
public enum WorkloadKind
{
    /// <summary>One request and its response, timed to the end of the response.</summary>
    Exchange,

    /// <summary>One request with server-sent events as its response, timed to the first event.</summary>
    FirstEvent,

    /// <summary>One message and its echo on a WebSocket that stays open.</summary>
    Socket,
}

/// <summary>One kind of request that the topology serves. Pairs and comparisons send the same ones.</summary>
public abstract class Workload
{
    /// <summary>The value of the tag <c>topology.workload</c>, which the services set.</summary>
    public abstract string Name { get; }

    /// <summary>A description for people.</summary>
    public abstract string Description { get; }

    /// <summary>The backend that serves it.</summary>
    public abstract string Service { get; }

    /// <summary>How it exchanges requests and responses.</summary>
    public virtual WorkloadKind Kind => WorkloadKind.Exchange;

    /// <summary>Whether it needs HTTP/2, which the public listeners speak over TLS only.</summary>
    public virtual bool NeedsHttp2 => false;

    /// <summary>Whether each request carries a new <c>Idempotency-Key</c>.</summary>
    public virtual bool IsKeyed => false;

    /// <summary>
    /// Whether it goes to the user's own application. Then requests carry only the headers that the user gave, and the responses of
    /// the paths may differ from each other.
    /// </summary>
    public virtual bool IsOwn => false;

    /// <summary>Whether a request may be sent again if its connection was closed before a response.</summary>
    public virtual bool IsRepeatable => true;

    /// <summary>Whether each request leaves something behind, so that a warm-up must not send many.</summary>
    public virtual bool Writes => IsKeyed;

    /// <summary>The status of a successful response.</summary>
    public virtual int ExpectedStatus => 200;

    /// <summary>Whether a response with this status is successful.</summary>
    public virtual bool Accepts(int status) => status == ExpectedStatus;

    /// <summary>The statuses of successful responses, for messages.</summary>
    public virtual string ExpectedText => ExpectedStatus.ToString(CultureInfo.InvariantCulture);

    /// <summary>How many different requests there are.</summary>
    public virtual int Variants => 1;

    /// <summary>The approximate size of a request and its response together. Large payloads need more time between requests.</summary>
    public virtual int PayloadBytes => 1024;

    /// <summary>Creates the request of a variant, from 0 to <see cref="Variants"/> − 1.</summary>
    public abstract WorkloadRequest Create(int variant);

    /// <summary>
    /// XxHash3 of the content that must be equal on every path. Content that differs between responses by design is left out.
    /// </summary>
    public virtual ulong Digest(ReadOnlySpan<byte> body) => XxHash3.HashToUInt64(body);
}
