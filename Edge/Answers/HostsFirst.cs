using Microsoft.AspNetCore.Routing.Matching;

namespace Topology.Edge.Answers;

/// <summary>
/// Makes routing match hosts before methods. The framework matches methods first. A route for one host would then cause 405,
/// with that route's methods in Allow, for the same path on other hosts, where 404 is correct.
/// </summary>
internal sealed class HostsFirst(HostMatcherPolicy hosts)
    : MatcherPolicy, IEndpointComparerPolicy, INodeBuilderPolicy, IEndpointSelectorPolicy
{
    // HttpMethodMatcherPolicy has order -1000.
    public override int Order => -2000;

    public IComparer<Endpoint> Comparer => hosts.Comparer;

    public IReadOnlyList<PolicyNodeEdge> GetEdges(IReadOnlyList<Endpoint> endpoints) => hosts.GetEdges(endpoints);

    public PolicyJumpTable BuildJumpTable(int exitDestination, IReadOnlyList<PolicyJumpTableEdge> edges) =>
        hosts.BuildJumpTable(exitDestination, edges);

    public Task ApplyAsync(HttpContext httpContext, CandidateSet candidates) => hosts.ApplyAsync(httpContext, candidates);

    bool INodeBuilderPolicy.AppliesToEndpoints(IReadOnlyList<Endpoint> endpoints) =>
        ((INodeBuilderPolicy)hosts).AppliesToEndpoints(endpoints);

    bool IEndpointSelectorPolicy.AppliesToEndpoints(IReadOnlyList<Endpoint> endpoints) =>
        ((IEndpointSelectorPolicy)hosts).AppliesToEndpoints(endpoints);
}

internal static class HostsFirstExtensions
{
    /// <summary>Replaces the framework's policy.</summary>
    public static void MatchHostsFirst(this IServiceCollection services)
    {
        services.Remove(
            services.Single(
            service => service.ServiceType == typeof(MatcherPolicy) && service.ImplementationType == typeof(HostMatcherPolicy)));
        services.AddSingleton<HostMatcherPolicy>();
        services.AddSingleton<MatcherPolicy, HostsFirst>();
    }
}
