using Topology.Comparison.Workloads;

namespace Topology.Comparison;

/// <summary>Asks each path for every variant of the workload before the measurement.</summary>
internal static class ResponseCheck
{
    /// <summary>The digests of the baseline's responses, which every path must match.</summary>
    public static ulong[] Expect(Workload workload, MeasuredPath baseline)
    {
        try
        {
            var expected = new ulong[workload.Variants];
            for (var variant = 0; variant < expected.Length; variant++)
            {
                expected[variant] = Ask(workload, baseline, variant);
            }

            return expected;
        }
        catch (Exception exception) when (exception is not ComparisonFailedException)
        {
            throw new ComparisonFailedException(
                $"The baseline {baseline.Path} does not respond: {Generator.Describe(exception)}.", exception);
        }
    }

    /// <summary>Counts the responses that differ, and leaves out a path that fails.</summary>
    public static void Check(Workload workload, MeasuredPath path, ulong[] expected)
    {
        try
        {
            for (var variant = 0; variant < expected.Length; variant++)
            {
                if (Ask(workload, path, variant) != expected[variant]) path.CountDifferent();
            }
        }
        catch (Exception exception)
        {
            // Leave out only this path. The others continue.
            path.LeaveOut(Generator.Describe(exception));
        }
    }

    private static ulong Ask(Workload workload, MeasuredPath path, int variant)
    {
        var lane = path.Lanes.Lanes[variant % path.Lanes.Lanes.Length];
        var answer = lane.Exchange(variant);
        if (!workload.Accepts(answer.Status))
        {
            throw new ComparisonFailedException($"{path.Path} returns status {answer.Status} instead of {workload.ExpectedText}");
        }
        if (workload.IsKeyed && OrdersWorkload.OrderId(lane.Body) is { } id) path.Acknowledged.Add(id);
        return workload.Digest(lane.Body);
    }
}
