using Microsoft.Extensions.Configuration;
using Topology.Claims;
using Topology.Claims.Lab;
using Topology.Comparison.Targets;
using Topology.Hardening.Certificates;
using Topology.Tests.Infrastructure;

namespace Topology.AppHost.Tests.Rehearsal;

/// <summary>
/// The cloud's manifest with what claims ask for: a second catalog, and services that tell who asks. A claim kills a process of it.
/// </summary>
public sealed class CloudClaims() : PlatformRun("cloud.json", "catalog", "orders", "media", "live")
{
    private static readonly IConfiguration Configuration = new ConfigurationBuilder().AddInMemoryCollection(
        [new($"{CertificateOptions.Section}:{nameof(CertificateOptions.Directory)}", Programs.Certificates)]).Build();

    private ClaimLab? _lab;

    public ClaimLab Lab => _lab!;

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        _lab = await ClaimLab.OpenAsync(Read, Configuration, TestContext.Current.CancellationToken);
    }

    public override async ValueTask DisposeAsync()
    {
        if (_lab is not null) await _lab.DisposeAsync();
        await base.DisposeAsync();
    }

    /// <summary>Checks a claim against the topology in which something has been changed.</summary>
    public async Task<ClaimResult> CheckAsync(Claim claim, Func<TopologyState, TopologyState> change)
    {
        var cancelled = TestContext.Current.CancellationToken;
        await using var changed = await ClaimLab.OpenAsync(() => Read() is { } state ? change(state) : null, Configuration, cancelled);
        return await ClaimRunner.CheckAsync(claim, changed, cancelled);
    }

    private TopologyState? Read() => RunningTopology.Read(Host.StateFile);
}

/// <summary>Takes away what a claim relies on.</summary>
internal static class CloudChanges
{
    /// <summary>Puts something else where an endpoint was.</summary>
    public static TopologyState With(this TopologyState state, string name, string endpoint, Uri address) =>
        state.With(name, resource => resource with { Urls = new Dictionary<string, Uri>(resource.Urls) { [endpoint] = address } });

    /// <summary>Puts something else where a process behind the ingress was said to listen.</summary>
    public static TopologyState WithListener(this TopologyState state, string name, string listener, Uri address) =>
        state.With(
            name, resource => resource with { Listeners = new Dictionary<string, Uri>(resource.Listeners!) { [listener] = address } });

    public static Uri Url(this TopologyState state, string name, string endpoint) => state.Find(name).Urls[endpoint];

    public static Uri Listener(this TopologyState state, string name, string listener) => state.Find(name).Listeners![listener];

    private static TopologyState With(this TopologyState state, string name, Func<TopologyResource, TopologyResource> change) =>
        state with { Resources = [.. state.Resources.Select(resource => resource.Name == name ? change(resource) : resource)] };

    private static TopologyResource Find(this TopologyState state, string name) =>
        state.Resources.Single(resource => resource.Name == name);
}
