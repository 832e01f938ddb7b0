using System.Diagnostics;

namespace Topology.ServiceDefaults.Telemetry;

/// <summary>
/// W3C Trace Context (traceparent, tracestate) without baggage, in and out: baggage from the Internet is a stranger's
/// text in every log and every later request.
/// </summary>
internal sealed class TraceContextPropagation : DistributedContextPropagator
{
    private readonly DistributedContextPropagator _w3c = CreateW3CPropagator();

    public override IReadOnlyCollection<string> Fields { get; } = ["traceparent", "tracestate"];

    public override void Inject(Activity? activity, object? carrier, PropagatorSetterCallback? setter)
    {
        if (setter is null) return;
        _w3c.Inject(activity, carrier, (target, name, value) =>
        {
            if (name is "traceparent" or "tracestate") setter(target, name, value);
        });
    }

    public override void ExtractTraceIdAndState(object? carrier, PropagatorGetterCallback? getter, out string? traceId, out string? traceState) =>
        _w3c.ExtractTraceIdAndState(carrier, getter, out traceId, out traceState);

    public override IEnumerable<KeyValuePair<string, string?>>? ExtractBaggage(object? carrier, PropagatorGetterCallback? getter) => null;
}
