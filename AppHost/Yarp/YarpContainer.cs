using Aspire.Hosting.Yarp;
using Aspire.Hosting.Yarp.Transforms;

namespace Topology.AppHost.Lab;

/// <summary>Aspire's own YARP container with the edge's routes.</summary>
internal static class YarpContainer
{
    /// <summary>Adds the container. Its name is also its path tag.</summary>
    public static void AddYarpContainer(
        this IDistributedApplicationBuilder builder, string name,
        IResourceBuilder<ProjectResource> catalog, IResourceBuilder<ProjectResource> orders,
        IResourceBuilder<ProjectResource> media, IResourceBuilder<ProjectResource> live) =>
        builder.AddYarp(name).WithExplicitStart().WithConfiguration(yarp =>
        {
            foreach (var (prefix, backend) in (IEnumerable<(string, IResourceBuilder<ProjectResource>)>)
                [("catalog", catalog), ("orders", orders), ("media", media), ("live", live)])
            {
                yarp.AddRoute($"/{prefix}/{{**rest}}", yarp.AddCluster(backend.GetEndpoint(Listeners.Management)))
                    .WithTransformRequestHeader("X-Topology-Edge", name, append: false);
            }
        });
}
