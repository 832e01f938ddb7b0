using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;

namespace Topology.Hardening.Tracing;

/// <summary>
/// Propagates W3C Trace Context (traceparent, tracestate), without baggage, between services and clients that share <see
/// cref="TraceOptions.TraceKey"/>. A request without the key starts a new trace. If such a request could continue a trace, any client could
/// decide what is recorded here and under which ID (W3C Trace Context, section 7.1).
/// </summary>
/// <remarks>
/// The key travels with the context, so a proxy that forwards the fields does not need to know it. Such a proxy adds no key to requests of
/// other clients.
/// </remarks>
internal sealed class TraceContextPropagation(string? key) : DistributedContextPropagator
{
    /// <summary>The name of the field with the key.</summary>
    public const string KeyField = "Topology-Trace-Key";

    /// <summary>The key to send with a context. If null, contexts are sent without a key, and none is trusted.</summary>
    public string? Key => key;

    private readonly DistributedContextPropagator _w3c = CreateW3CPropagator();
    private readonly byte[]? _key = string.IsNullOrEmpty(key) ? null : Encoding.ASCII.GetBytes(key);

    public override IReadOnlyCollection<string> Fields { get; } = ["traceparent", "tracestate", KeyField];

    public override void Inject(Activity? activity, object? carrier, PropagatorSetterCallback? setter)
    {
        if (setter is null || activity is null) return;
        _w3c.Inject(activity, carrier, (target, name, value) =>
        {
            if (name is "traceparent" or "tracestate") setter(target, name, value);
        });
        if (_key is not null) setter(carrier, KeyField, key!);
    }

    public override void ExtractTraceIdAndState(
        object? carrier, PropagatorGetterCallback? getter, out string? traceId, out string? traceState)
    {
        (traceId, traceState) = (null, null);
        if (IsTrusted(carrier, getter)) _w3c.ExtractTraceIdAndState(carrier, getter, out traceId, out traceState);
    }

    public override IEnumerable<KeyValuePair<string, string?>>? ExtractBaggage(object? carrier, PropagatorGetterCallback? getter) => null;

    private bool IsTrusted(object? carrier, PropagatorGetterCallback? getter)
    {
        if (_key is null || getter is null) return false;
        getter(carrier, KeyField, out var value, out _);
        // Latin-1 encodes each character as one byte, like the ASCII key, so the byte lengths are comparable.
        return value is not null && CryptographicOperations.FixedTimeEquals(Encoding.Latin1.GetBytes(value), _key);
    }
}
