using Microsoft.Extensions.Configuration;
using Topology.Catalog.Items;
using Topology.Comparison.Targets;
using Topology.Edge.Upstreams;
using Topology.Hardening.Listeners;
using Topology.Media.Content;
using Topology.Orders.Storage;
using Topology.Tests.Infrastructure;

namespace Topology.Tests.Traffic;

/// <summary>The backends and the edge in this process, connected as in the lab.</summary>
public sealed class RealServices : IAsyncDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("topology-traffic-").FullName;
    private readonly ServiceHost _catalog = ServiceHost.Start<ItemStore>();
    private readonly ServiceHost _media = ServiceHost.Start<DeterministicStream>();
    private readonly ServiceHost _live = ServiceHost.Start<Topology.Live.Events.Tick>();
    private readonly ServiceHost _orders;
    private readonly ServiceHost _edge;

    public RealServices()
    {
        _orders = ServiceHost.Start<OrdersContext>(
            [("ConnectionStrings:orders", $"Data Source={_folder}/orders.db"), .. ServiceHost.Discovery("catalog", _catalog)]);
        _edge = ServiceHost.Start<UpstreamOptions>([
            .. ServiceHost.Discovery("catalog", _catalog), .. ServiceHost.Discovery("orders", _orders),
            .. ServiceHost.Discovery("media", _media), .. ServiceHost.Discovery("live", _live)]);
    }

    /// <summary>The configuration of Traffic's service discovery.</summary>
    public IEnumerable<(string Key, string Value)> Discovery() =>
        from service in ((string Name, ServiceHost Host)[])[
            ("catalog", _catalog), ("orders", _orders), ("media", _media), ("live", _live), ("edge", _edge)]
        from listener in (Listener[])[Listener.Http, Listener.Https]
        select ($"services:{service.Name}:{listener.Name}:0", service.Host.Url(listener.Name).GetLeftPart(UriPartial.Authority));

    public TargetMap Targets() => new(new ConfigurationBuilder()
        .AddInMemoryCollection(Discovery().Select(entry => KeyValuePair.Create(entry.Key, (string?)entry.Value))).Build());

    public async ValueTask DisposeAsync()
    {
        foreach (var host in (ServiceHost[])[_edge, _orders, _live, _media, _catalog]) await host.DisposeAsync();
        Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
        Directory.Delete(_folder, recursive: true);
    }
}
