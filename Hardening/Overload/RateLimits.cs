using System.Net;
using System.Threading.RateLimiting;
using Microsoft.Extensions.Options;
using Topology.Hardening.Limits;

namespace Topology.Hardening.Overload;

/// <summary>Limits each client's request rate with one token bucket for all routes together.</summary>
/// <remarks>
/// There is a fixed number of buckets, so that clients with many addresses cannot use up memory. HashCode has a different seed in each
/// process, so which clients share a bucket also differs.
/// </remarks>
internal sealed class RateLimits(IOptions<PublicLimits> limits, UncountedClients uncounted)
{
    private readonly TokenBucketRateLimiter?[] _buckets = new TokenBucketRateLimiter?[limits.Value.RememberedClients];
    private readonly TokenBucketRateLimiterOptions _options = Options(limits.Value);

    /// <summary>Whether the client may send a request now. If not, it may do so after <paramref name="retryAfter"/>.</summary>
    public bool TryTake(IPAddress? address, out TimeSpan retryAfter)
    {
        retryAfter = default;
        if (uncounted.Contains(address)) return true;
        var bucket = Bucket(address);
        bucket.TryReplenish();
        using var token = bucket.AttemptAcquire();
        return token.IsAcquired || !token.TryGetMetadata(MetadataName.RetryAfter, out retryAfter);
    }

    private TokenBucketRateLimiter Bucket(IPAddress? address)
    {
        ref var place = ref _buckets[(uint)ClientNetwork.Of(address).GetHashCode() % (uint)_buckets.Length];
        return Volatile.Read(ref place) ?? Interlocked.CompareExchange(ref place, new(_options), null) ?? place;
    }

    private static TokenBucketRateLimiterOptions Options(PublicLimits limits)
    {
        var tokens = Math.Max(1, limits.RequestsPerSecond / 10);
        return new()
        {
            TokenLimit = limits.RequestBurst,
            TokensPerPeriod = tokens,
            ReplenishmentPeriod = TimeSpan.FromSeconds(tokens / (double)limits.RequestsPerSecond),
            QueueLimit = 0,
            AutoReplenishment = false, // Each bucket is replenished when it is used. A timer per bucket would cost more.
        };
    }
}
