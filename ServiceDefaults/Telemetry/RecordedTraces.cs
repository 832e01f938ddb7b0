using OpenTelemetry.Trace;
using Topology.ServiceDefaults.Paths;

namespace Topology.ServiceDefaults.Telemetry;

/// <summary>
/// Decides which traces that start in this process are recorded. Skips YARP's health checks, which would add several traces per
/// second. Limits the rate to <see cref="TopologyOptions.TracesPerSecond"/>, because untrusted clients can start traces.
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
