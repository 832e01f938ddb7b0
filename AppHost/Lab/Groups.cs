namespace Topology.AppHost.Lab;

/// <summary>A dashboard group for resources. It runs nothing.</summary>
internal sealed class GroupResource(string name) : Resource(name);

internal static class GroupExtensions
{
    public static IResourceBuilder<GroupResource> AddGroup(this IDistributedApplicationBuilder builder, string name) =>
        builder.AddResource(new GroupResource(name))
            .WithInitialState(new CustomResourceSnapshot { ResourceType = "Group", Properties = [], State = KnownResourceStates.Running })
            .ExcludeFromManifest()
            .WithIconName("Folder");

    public static IResourceBuilder<TResource> InGroup<TResource>(
        this IResourceBuilder<TResource> resource, IResourceBuilder<GroupResource> group)
        where TResource : IResource => resource.WithParentRelationship(group.Resource);
}
