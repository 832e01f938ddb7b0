using System.Text.RegularExpressions;
using Topology.Comparison.Cost;
using Topology.Comparison.Workloads;
using Topology.ServiceDefaults.Paths;

namespace Topology.Comparison.Targets;

/// <summary>Finds a running topology's paths, and the processes on them, in its state.</summary>
public static partial class TopologyProcesses
{
    /// <summary>
    /// The configuration of service discovery: <c>services:{name}:{endpoint}:{n}</c>. Proxies that are not started have addresses
    /// too, but are left out. Behind an ingress, exposed services have only their HTTPS address.
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

    /// <summary>The processes of a path's proxy, the workload's backend, and the backend that it calls.</summary>
    public static IReadOnlyList<MeasuredProcess> On(this TopologyState? state, string path, Workload workload) =>
    [
        .. from resource in state?.Resources ?? []
           let service = Service(resource)
           where resource.Pid is not null
               && (service == workload.Service || path != TopologyPath.Direct && service == path || workload.IsKeyed
                   && service == "catalog")
           select new MeasuredProcess(service, resource.Pid!.Value),
    ];

    /// <summary>
    /// The running resources. While the topology is unhealthy, also the resources that have ended, because they will restart.
    /// </summary>
    public static IEnumerable<TopologyResource> Started(this TopologyState state) => state.Resources.Where(resource =>
        resource.State is null or "running" || resource.State is "exited" or "finished" && !state.Healthy);

    /// <summary>The service of a resource: the replicas <c>catalog-1</c> and <c>catalog-2</c> are one service.</summary>
    public static string Service(TopologyResource resource) => Replica().Replace(resource.Name, "");

    [GeneratedRegex(@"-\d+$")]
    private static partial Regex Replica();
}
