using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;

namespace Topology.Hardening.Tracing;

/// <summary>
/// W3C Trace Context (traceparent, tracestate) between those who share a key, <see cref="TraceOptions.TraceKey"/>, and
/// without baggage. Whoever sends no key, or another one, gets a trace of his own: a stranger's context would decide what
/// is recorded here and under which id (W3C Trace Context, section 7.1).
/// </summary>
/// <remarks>
/// The key travels with the context, so proxies that pass fields on need not know of it: what a stranger sends through
/// one has no key either.
/// </remarks>
internal sealed class TraceContextPropagation(string? key) : DistributedContextPropagator
{
    /// <summary>The field that carries the key.</summary>
    public const string KeyField = "Topology-Trace-Key";

    /// <summary>What is sent with a context; null sends none and follows none.</summary>
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
        // Latin-1 has one byte for each character of a field, so that the lengths compare.
        return value is not null && CryptographicOperations.FixedTimeEquals(Encoding.Latin1.GetBytes(value), _key);
    }
}
