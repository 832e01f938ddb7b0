using System.Net;
using System.Threading.RateLimiting;
using Microsoft.AspNetCore.Http;
using Topology.Hardening.Limits;
using Topology.Hardening.Listeners;

namespace Topology.Hardening.Overload;

/// <summary>Limits each client's request rate with one token bucket for all routes together.</summary>
internal static class RateLimits
{
    /// <summary>
    /// Partitions are a fixed number of buckets, not addresses, so that clients with many addresses cannot use up memory. HashCode has a
    /// different seed in each process, so which clients share a bucket also differs.
    /// </summary>
    public static PartitionedRateLimiter<HttpContext> ByClient(PublicLimits limits, UncountedClients uncounted)
    {
        var bucket = new TokenBucketRateLimiterOptions
        {
            TokenLimit = limits.RequestBurst,
            TokensPerPeriod = Math.Max(1, limits.RequestsPerSecond / 10),
            ReplenishmentPeriod = TimeSpan.FromSeconds(Math.Max(1, limits.RequestsPerSecond / 10) / (double)limits.RequestsPerSecond),
            QueueLimit = 0,
            AutoReplenishment = false, // The partitioned limiter replenishes all buckets.
        };
        return PartitionedRateLimiter.Create<HttpContext, int>(context =>
        {
            var address = context.Connection.RemoteIpAddress;
            return !context.GetListener().IsPublic || uncounted.Contains(address)
                ? RateLimitPartition.GetNoLimiter(-1)
                : RateLimitPartition.GetTokenBucketLimiter(Bucket(address, limits.RememberedClients), _ => bucket);
        });
    }

    private static int Bucket(IPAddress? address, int count) => (int)((uint)ClientNetwork.Of(address).GetHashCode() % (uint)count);
}
