using Microsoft.Extensions.Configuration;
using Topology.AppHost.Tests.Infrastructure;
using Topology.Claims;
using Topology.Claims.Lab;
using Topology.Comparison.Targets;
using Topology.Hardening.Certificates;
using Topology.Tests.Infrastructure;

namespace Topology.AppHost.Tests.Claims;

/// <summary>A separate lab with the installed proxies, because one claim kills a process.</summary>
public class ClaimsFixture : IAsyncLifetime
{
    private TopologyProcess? _host;
    private ClaimLab? _lab;

    /// <summary>The unchanged lab.</summary>
    public ClaimLab Lab => _lab!;

    public TopologyProcess Host => _host!;

    private static IConfiguration Configuration { get; } = new ConfigurationBuilder().AddInMemoryCollection(
    [
        new($"{CertificateOptions.Section}:{nameof(CertificateOptions.Directory)}", Programs.Certificates),
    ]).Build();

    public async ValueTask InitializeAsync()
    {
        _host = await StartAsync();
        _lab = await ClaimLab.OpenAsync(Read, Configuration, TestContext.Current.CancellationToken);
    }

    public virtual async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        if (_lab is not null) await _lab.DisposeAsync();
        if (_host is not null) await _host.DisposeAsync();
    }

    /// <summary>Checks a claim on the lab, or on a changed copy of its state.</summary>
    public async Task<ClaimResult> CheckAsync(Claim claim, Func<TopologyState, TopologyState>? change = null)
    {
        var cancelled = TestContext.Current.CancellationToken;
        if (change is null) return await ClaimRunner.CheckAsync(claim, Lab, cancelled);
        await using var changed = await ClaimLab.OpenAsync(() => Read() is { } state ? change(state) : null, Configuration, cancelled);
        return await ClaimRunner.CheckAsync(claim, changed, cancelled);
    }

    /// <summary>Starts the topology to check.</summary>
    protected virtual Task<TopologyProcess> StartAsync() => TopologyProcess.StartAsync("--Topology:Start=all", "--Topology:Pairs=0");

    private TopologyState? Read() => RunningTopology.Read(Host.StateFile);
}

/// <summary>Removes what a claim relies on.</summary>
public static class Changes
{
    /// <summary>Replaces a listener's address.</summary>
    public static TopologyState With(this TopologyState state, string name, string endpoint, Uri address) => state with
    {
        Resources = [
            .. state.Resources.Select(resource => resource.Name != name
                ? resource
                : resource with { Urls = new Dictionary<string, Uri>(resource.Urls) { [endpoint] = address } }),
        ],
    };

    /// <summary>Replaces the listener address of a process behind an ingress.</summary>
    public static TopologyState WithListener(this TopologyState state, string name, string listener, Uri address) => state with
    {
        Resources = [
            .. state.Resources.Select(resource => resource.Name != name
                ? resource
                : resource with { Listeners = new Dictionary<string, Uri>(resource.Listeners!) { [listener] = address } }),
        ],
    };

    /// <summary>Replaces a resource with another one, including its process.</summary>
    public static TopologyState With(this TopologyState state, string name, string insteadOf) => state with
    {
        Resources = [
            .. state.Resources.Where(resource => resource.Name != name),
            state.Resources.Single(resource => resource.Name == insteadOf) with { Name = name },
        ],
    };

    public static Uri Url(this TopologyState state, string name, string endpoint) =>
        state.Resources.Single(resource => resource.Name == name).Urls[endpoint];

    public static Uri Listener(this TopologyState state, string name, string listener) =>
        state.Resources.Single(resource => resource.Name == name).Listeners![listener];
}
