using Topology.Edge.Upstreams;
using Topology.Tests.Hardening;
using Topology.Tests.Infrastructure;

[assembly: AssemblyFixture(typeof(HardeningFixture))]

namespace Topology.Tests.Hardening;

/// <summary>A real edge in front of a recording backend, shared by the tests that only send and observe.</summary>
public sealed class HardeningFixture : IAsyncLifetime
{
    public Recorder Recorder { get; private set; } = null!;

    public ServiceHost Edge { get; private set; } = null!;

    /// <summary>The public listeners with the same hardening: the edge's and a backend's own.</summary>
    public IEnumerable<(string Name, Uri Url)> Exposures =>
    [
        ("edge", Edge.Url("http")), ("edge over TLS", Edge.Url("https")), ("direct", Recorder.Url("http")),
            ("direct over TLS", Recorder.Url("https")),
    ];

    public async ValueTask InitializeAsync()
    {
        Recorder = await Recorder.StartAsync();
        Edge = ServiceHost.Start<UpstreamOptions>(Recorder.AsEveryService());
    }

    public async ValueTask DisposeAsync()
    {
        await Edge.DisposeAsync();
        await Recorder.DisposeAsync();
    }
}
