using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Net.Http.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Primitives;
using Topology.Catalog.Items;
using Topology.ServiceDefaults.Diagnostics;
using Topology.ServiceDefaults.Paths;
using Topology.Tests.Infrastructure;

namespace Topology.Tests.ServiceDefaults;

public sealed class TopologyPathTests : IAsyncDisposable
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    private const string Key = "KeyOfTheseTestsAlone";

    private readonly ServiceHost _catalog = ServiceHost.Start<ItemStore>([("Topology:TraceKey", Key)]);

    public ValueTask DisposeAsync() => _catalog.DisposeAsync();

    [Theory]
    [InlineData("edge", "edge")]
    [InlineData("direct", "direct")]
    [InlineData("Edge", null)]
    [InlineData("edge ", null)]
    [InlineData("edge,nginx", null)]
    [InlineData("", null)]
    [InlineData("anything", null)]
    public void Only_known_paths_are_values_of_the_tag(string header, string? expected) =>
        Assert.Equal(expected, TopologyPath.Parse(header));

    [Fact]
    public void A_repeated_header_names_no_path() => Assert.Null(TopologyPath.Parse(new StringValues(["edge", "edge"])));

    [Theory]
    [InlineData("http", null, "direct")]
    [InlineData("http", "edge", "direct")]
    [InlineData("http", "made-up-1", "direct")]
    [InlineData("https", "nginx", "direct")]
    [InlineData("internal", "edge", "edge")]
    [InlineData("internal", "haproxy", "haproxy")]
    [InlineData("internal", "made-up-2", null)]
    [InlineData("internal", null, null)]
    [InlineData("internal-h2", "edge", "edge")]
    public async Task The_listener_decides_the_tag_of_span_and_metric(string listener, string? header, string? expected)
    {
        var marker = Guid.NewGuid().ToString("N");
        var spans = new ConcurrentQueue<object?>();
        using var activities = new ActivityListener
        {
            ShouldListenTo = source => source.Name == "Microsoft.AspNetCore",
            Sample = (ref _) => ActivitySamplingResult.AllData,
            ActivityStopped = activity =>
            {
                if (activity.TraceStateString == $"topology={marker}") spans.Enqueue(activity.GetTagItem(TopologyPath.Tag));
            },
        };
        ActivitySource.AddActivityListener(activities);

        // Hosts of other tests record measurements in this process too. The meter under test belongs to its own factory.
        var meter = _catalog.Services.GetRequiredService<IMeterFactory>();
        var measured = new ConcurrentQueue<object?>();
        using var meters = new MeterListener
        {
            InstrumentPublished = (instrument, self) =>
            {
                if (instrument.Name == "http.server.request.duration" && instrument.Meter.Scope == meter)
                {
                    self.EnableMeasurementEvents(instrument);
                }
            },
        };
        meters.SetMeasurementEventCallback<double>((_, _, tags, _) =>
        {
            var values = tags.ToArray().ToDictionary(tag => tag.Key, tag => tag.Value);
            measured.Enqueue(values.GetValueOrDefault(TopologyPath.Tag));
        });
        meters.Start();

        using var request = new HttpRequestMessage(HttpMethod.Get, "/catalog/items/5")
        {
            Headers = {
                { "traceparent", $"00-{ActivityTraceId.CreateRandom()}-{ActivitySpanId.CreateRandom()}-01" },
                { "tracestate", $"topology={marker}" },
                { "Topology-Trace-Key", Key },
                { "baggage", "topology.path=edge,X-Topology-Edge=edge" },
            },
        };
        if (header is not null) request.Headers.Add(TopologyPath.Header, header);
        using var invoker = new HttpMessageInvoker(ServiceHost.Handler());
        request.RequestUri = new(_catalog.Url(listener), "/catalog/items/5");
        if (listener == "internal-h2")
        {
            (request.Version, request.VersionPolicy) = (System.Net.HttpVersion.Version20, HttpVersionPolicy.RequestVersionExact);
        }
        using var response = await invoker.SendAsync(request, Cancelled);
        response.EnsureSuccessStatusCode();

        await Eventually.TrueAsync(() => !spans.IsEmpty && !measured.IsEmpty);
        Assert.Equal(expected, Assert.Single(spans));
        Assert.Equal(expected, Assert.Single(measured));
    }

    [Fact]
    public async Task Whoami_shows_what_the_service_trusts_and_what_it_received()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/catalog/whoami")
        {
            Headers = { { "X-Forwarded-For", "203.0.113.9" }, { "X-Forwarded-Host", "shop.example" }, { "X-Topology-Edge", "nginx" } },
        };
        using var response = await _catalog.Client().SendAsync(request, Cancelled);
        var who = (await response.Content.ReadFromJsonAsync<WhoAmIResponse>(Cancelled))!;
        Assert.Equal(("catalog", "http", "direct"), (who.Instance, who.Listener, who.TopologyPath));
        Assert.Equal("127.0.0.1", who.RemoteAddress?.Replace("::1", "127.0.0.1", StringComparison.Ordinal));
        Assert.Equal($"localhost:{_catalog.Url("http").Port}", who.Host);
        Assert.Equal("203.0.113.9", who.ForwardedHeaders["X-Forwarded-For"]);
    }
}
