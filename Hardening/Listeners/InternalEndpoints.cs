using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Routing.Matching;

namespace Topology.Hardening.Listeners;

/// <summary>Marks an endpoint that only internal listeners serve.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class InternalOnlyAttribute : Attribute;

/// <summary>Keeps endpoints off the public listeners.</summary>
public static class InternalEndpointExtensions
{
    /// <summary>
    /// Makes the endpoint available on internal listeners only; routing does not find it on public ones. The check uses the listener.
    /// <c>RequireHost("*:port")</c> would use the <c>Host</c> header, which clients choose.
    /// </summary>
    public static TBuilder RequireInternalListener<TBuilder>(this TBuilder builder) where TBuilder : IEndpointConventionBuilder =>
        builder.WithMetadata(new InternalOnlyAttribute());
}

internal sealed class InternalEndpointPolicy : MatcherPolicy, IEndpointSelectorPolicy
{
    public override int Order => 0;

    public bool AppliesToEndpoints(IReadOnlyList<Endpoint> endpoints) => endpoints.Any(IsInternalOnly);

    public Task ApplyAsync(HttpContext httpContext, CandidateSet candidates)
    {
        if (httpContext.GetListener().IsPublic)
        {
            for (var i = 0; i < candidates.Count; i++)
            {
                if (candidates.IsValidCandidate(i) && IsInternalOnly(candidates[i].Endpoint))
                {
                    candidates.SetValidity(i, false);
                }
            }
        }

        return Task.CompletedTask;
    }

    private static bool IsInternalOnly(Endpoint endpoint) => endpoint.Metadata.GetMetadata<InternalOnlyAttribute>() is not null;
}
