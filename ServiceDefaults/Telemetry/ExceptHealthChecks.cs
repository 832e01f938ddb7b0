using OpenTelemetry.Trace;

namespace Topology.ServiceDefaults.Telemetry;

/// <summary>Samples every trace but those that YARP starts for its own health checks, several a second for ever.</summary>
internal sealed class ExceptHealthChecks : Sampler
{
    public override SamplingResult ShouldSample(in SamplingParameters samplingParameters) =>
        new(samplingParameters.Name.StartsWith("proxy.", StringComparison.Ordinal) && samplingParameters.Name.Contains("health", StringComparison.Ordinal)
            ? SamplingDecision.Drop
            : SamplingDecision.RecordAndSample);
}
