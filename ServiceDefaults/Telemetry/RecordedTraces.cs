using OpenTelemetry.Trace;
using Topology.ServiceDefaults.Paths;

namespace Topology.ServiceDefaults.Telemetry;

/// <summary>
/// Which of the traces that begin here are recorded: not those that YARP starts for its own health checks, several a second
/// for ever, and no more in a second than <see cref="TopologyOptions.TracesPerSecond"/>, because strangers begin traces.
/// </summary>
internal sealed class RecordedTraces(int perSecond, TimeProvider time) : Sampler
{
    private long _second;
    private int _recorded;

    public override SamplingResult ShouldSample(in SamplingParameters samplingParameters) =>
        new(IsHealthCheck(samplingParameters.Name) || IsAboveRate() ? SamplingDecision.Drop : SamplingDecision.RecordAndSample);

    private static bool IsHealthCheck(string name) =>
        name.StartsWith("proxy.", StringComparison.Ordinal) && name.Contains("health", StringComparison.Ordinal);

    private bool IsAboveRate()
    {
        var second = time.GetTimestamp() / time.TimestampFrequency;
        if (Interlocked.Exchange(ref _second, second) != second) Volatile.Write(ref _recorded, 0);
        return Interlocked.Increment(ref _recorded) > perSecond;
    }
}
