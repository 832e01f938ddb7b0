using Yarp.ReverseProxy.Configuration;
using Yarp.ReverseProxy.LoadBalancing;

namespace Topology.Edge.Upstreams;

/// <summary>How the edge chooses a replica, unless a cluster configures its own policy or health checks.</summary>
internal static class LoadBalancing
{
    /// <summary>Picks two replicas at random and uses the one with fewer requests in progress.</summary>
    public static readonly string Policy = LoadBalancingPolicies.PowerOfTwoChoices;

    /// <summary>
    /// How long an unreachable replica is not used. Short, because another attempt costs little: a request that cannot connect
    /// is retried on another replica.
    /// </summary>
    public static readonly TimeSpan Reactivation = TimeSpan.FromSeconds(1);

    public static readonly HealthCheckConfig HealthCheck = new()
    {
        // Active checks detect hanging and recovered replicas without using client requests.
        Active = new()
        {
            Enabled = true,
            Path = "/health",
            Interval = TimeSpan.FromSeconds(1),
            Timeout = TimeSpan.FromSeconds(2),
            Policy = "ConsecutiveFailures"
        },
        // Passive checks exclude an unreachable replica immediately and try it again later.
        Passive = new() { Enabled = true, Policy = UnreachableReplicas.PolicyName, ReactivationPeriod = Reactivation },
        AvailableDestinationsPolicy = "HealthyAndUnknown",
    };
}
