namespace Topology.Comparison.Pairs;

/// <summary>The same request sent down every path.</summary>
/// <param name="Workload">The workload's name.</param>
/// <param name="StartedAt">When the first of them was sent.</param>
/// <param name="TraceId">The trace that holds all of them, 32 hexadecimal digits; null where nothing is traced.</param>
/// <param name="Legs">What each path answered, in the order sent.</param>
public sealed record PairResult(string Workload, DateTimeOffset StartedAt, string? TraceId, IReadOnlyList<PairLeg> Legs)
{
    /// <summary>What is wrong, for people: an error, or answers that are not the same. Null where all is well.</summary>
    public string? Difference
    {
        get
        {
            if (Legs.FirstOrDefault(leg => leg.Error is not null) is { } failed) return $"{failed.Path}: {failed.Error}";
            if (Legs is not [var first, ..]) return null; // No path leads to this workload here.
            return Legs.FirstOrDefault(leg => (leg.Status, leg.Digest) != (first.Status, first.Digest)) is { } other
                ? $"{first.Path} answered {first.Status} with {first.Length} bytes ({first.Digest:x16}), {other.Path} {other.Status} with "
                    + $"{other.Length} bytes ({other.Digest:x16})"
                : null;
        }
    }
}

/// <summary>One path's answer.</summary>
/// <param name="Path">The path.</param>
/// <param name="Duration">From sending to the whole answer; to the first event where the workload is timed so.</param>
/// <param name="Status">The HTTP status; 0 where there was none.</param>
/// <param name="Length">Bytes of the answer.</param>
/// <param name="Digest">The workload's digest of the answer.</param>
/// <param name="Error">Why there is no answer; else null.</param>
public sealed record PairLeg(string Path, TimeSpan Duration, int Status, long Length, ulong Digest, string? Error);
