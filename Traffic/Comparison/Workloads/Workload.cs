using System.IO.Hashing;

namespace Topology.Comparison.Workloads;

/// <summary>What is sent: the same bytes on every path.</summary>
/// <param name="Method">The HTTP method.</param>
/// <param name="Path">Path and query.</param>
/// <param name="Body">The body, or the message where the workload is a WebSocket; may be empty.</param>
/// <param name="ContentType">The body's media type; null without a body.</param>
public sealed record WorkloadRequest(string Method, string Path, ReadOnlyMemory<byte> Body = default, string? ContentType = null);

/// <summary>How a workload's requests travel.</summary>
public enum WorkloadKind
{
    /// <summary>One request, one answer; the time is that of the whole answer.</summary>
    Exchange,

    /// <summary>One request answered by server-sent events; the time is that of the first event.</summary>
    FirstEvent,

    /// <summary>One message and its answer on a WebSocket that stays open.</summary>
    Socket,
}

/// <summary>One kind of work that the topology does; pairs and comparisons send the same.</summary>
public abstract class Workload
{
    /// <summary>The tag <c>topology.workload</c> as the services set it.</summary>
    public abstract string Name { get; }

    /// <summary>What it is, for people.</summary>
    public abstract string Description { get; }

    /// <summary>The backend that serves it.</summary>
    public abstract string Service { get; }

    /// <summary>How its requests travel.</summary>
    public virtual WorkloadKind Kind => WorkloadKind.Exchange;

    /// <summary>Only HTTP/2 carries it; the public listeners speak that over TLS only.</summary>
    public virtual bool NeedsHttp2 => false;

    /// <summary>Each request carries a new <c>Idempotency-Key</c>.</summary>
    public virtual bool IsKeyed => false;

    /// <summary>The status of a good answer.</summary>
    public virtual int ExpectedStatus => 200;

    /// <summary>How many different requests there are.</summary>
    public virtual int Variants => 1;

    /// <summary>The bytes of a request and its answer, roughly: more of them want longer between requests.</summary>
    public virtual int PayloadBytes => 1024;

    /// <summary>The request of a variant, from 0 to <see cref="Variants"/> − 1.</summary>
    public abstract WorkloadRequest Create(int variant);

    /// <summary>XxHash3 of what must be equal on every path; it leaves out what differs from one answer to the next by design.</summary>
    public virtual ulong Digest(ReadOnlySpan<byte> body) => XxHash3.HashToUInt64(body);
}
