namespace Topology.ManifestHost.Commands;

/// <summary>What <c>run</c> was asked to do.</summary>
/// <param name="Manifest">Null: AppHost/manifests/lab.json of the repository.</param>
/// <param name="StateFile">Null: artifacts/topology.json of the repository, or one with this process's id if that is taken.</param>
/// <param name="Start">Names of resources to start although they are started only when named; <c>all</c> names each.</param>
/// <param name="Replicas">How many processes a resource gets, as <c>name=count</c>.</param>
/// <param name="Timeout">How long a resource may take until it is healthy.</param>
/// <param name="StopWithParent">Stop when the process that started this one is gone.</param>
internal sealed record RunOptions(
    string? Manifest,
    string? StateFile,
    bool DynamicPorts,
    bool Dashboard,
    bool Build,
    IReadOnlyList<string> Parameters,
    IReadOnlyList<string> Start,
    IReadOnlyList<string> Replicas,
    TimeSpan Timeout,
    bool StopWithParent);
