namespace Topology.Comparison.Pairs;

/// <summary>The same request sent on every path.</summary>
/// <param name="Workload">The workload's name.</param>
/// <param name="StartedAt">When the first request was sent.</param>
/// <param name="TraceId">The trace of all its requests, 32 hexadecimal digits; null if not traced.</param>
/// <param name="Legs">Each path's response, in the order sent.</param>
public sealed record PairResult(string Workload, DateTimeOffset StartedAt, string? TraceId, IReadOnlyList<PairLeg> Legs)
{
    /// <summary>The problem, for people: an error, or responses that differ. Null if there is none.</summary>
    public string? Difference
    {
        get
        {
            if (Legs.FirstOrDefault(leg => leg.Error is not null) is { } failed) return $"{failed.Path}: {failed.Error}";
            if (Legs is not [var first, ..]) return null; // No path serves this workload here.
            return Legs.FirstOrDefault(leg => (leg.Status, leg.Digest) != (first.Status, first.Digest)) is { } other
                ? $"{first.Path} returned {first.Status} with {first.Length} bytes ({first.Digest:x16}), {other.Path} {other.Status} with "
                    + $"{other.Length} bytes ({other.Digest:x16})"
                : null;
        }
    }
}

/// <summary>One path's response.</summary>
/// <param name="Path">The path.</param>
/// <param name="Duration">From sending to the end of the response, or to the first event of server-sent events.</param>
/// <param name="Status">The HTTP status; 0 without a response.</param>
/// <param name="Length">The response body's length in bytes.</param>
/// <param name="Digest">The workload's digest of the response.</param>
/// <param name="Error">Why there is no response; otherwise null.</param>
public sealed record PairLeg(string Path, TimeSpan Duration, int Status, long Length, ulong Digest, string? Error);
