using System.Text.RegularExpressions;
using Topology.Comparison.Cost;
using Topology.Comparison.Workloads;
using Topology.ServiceDefaults.Paths;

namespace Topology.Comparison.Targets;

/// <summary>Reads from a running topology's state where its paths begin and which processes lie on them.</summary>
public static partial class TopologyProcesses
{
    /// <summary>
    /// The configuration that service discovery would have: <c>services:{name}:{endpoint}:{n}</c>. A proxy that nobody
    /// has started has addresses too, but is no path. Behind an ingress, HTTPS is the address of what is exposed there.
    /// </summary>
    public static IConfiguration Services(this TopologyState state) =>
        new ConfigurationBuilder().AddInMemoryCollection(
            from resource in state.Started()
            let isExposed = state.BehindIngress && resource.Urls.ContainsKey("https")
            from url in resource.Urls
            where !isExposed || url.Key == "https"
            group url.Value by (Service: Service(resource), Endpoint: isExposed ? "http" : url.Key) into addresses
            from entry in addresses.Index()
            select KeyValuePair.Create(
                $"services:{addresses.Key.Service}:{addresses.Key.Endpoint}:{entry.Index}", (string?)entry.Item.ToString())).Build();

    /// <summary>The proxy of a path, the workload's backend, and what that calls.</summary>
    public static IReadOnlyList<MeasuredProcess> On(this TopologyState? state, string path, Workload workload) =>
    [
        .. from resource in state?.Resources ?? []
           let service = Service(resource)
           where resource.Pid is not null
               && (service == workload.Service || path != TopologyPath.Direct && service == path || workload.IsKeyed
                   && service == "catalog")
           select new MeasuredProcess(service, resource.Pid!.Value),
    ];

    /// <summary>What runs, or has just ended and is about to be started again: then something is missing until it is back.</summary>
    public static IEnumerable<TopologyResource> Started(this TopologyState state) => state.Resources.Where(resource =>
        resource.State is null or "running" || resource.State is "exited" or "finished" && !state.Healthy);

    /// <summary>Named replicas, <c>catalog-1</c> and <c>catalog-2</c>, are one service.</summary>
    public static string Service(TopologyResource resource) => Replica().Replace(resource.Name, "");

    [GeneratedRegex(@"-\d+$")]
    private static partial Regex Replica();
}
