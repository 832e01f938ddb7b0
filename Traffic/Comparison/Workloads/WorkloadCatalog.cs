namespace Topology.Comparison.Workloads;

/// <summary>All workloads.</summary>
public static class WorkloadCatalog
{
    /// <summary>All workloads, in the order in which they are shown and sent.</summary>
    public static IReadOnlyList<Workload> All { get; } = [
        new CatalogWorkload(), new OrdersWorkload(), new MediaDownloadWorkload(), new MediaUploadWorkload(),
        new EventsWorkload(), new SocketWorkload(), new GrpcWorkload(),
    ];

    /// <summary>The workload of that name, or null.</summary>
    public static Workload? Find(string name) => All.FirstOrDefault(workload => workload.Name == name);

    /// <summary>All names, for messages.</summary>
    public static string Names { get; } = string.Join(", ", All.Select(workload => workload.Name));
}
