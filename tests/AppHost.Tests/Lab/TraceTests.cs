using System.Diagnostics;
using Topology.AppHost.Tests.Infrastructure;
using Topology.Tests.Infrastructure;

namespace Topology.AppHost.Tests.Lab;

/// <summary>The running lab's traces in the real dashboard.</summary>
[Collection(RunningLab.Collection)]
public sealed class TraceTests(Infrastructure.Lab lab)
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task One_trace_holds_the_same_request_direct_and_through_each_proxy()
    {
        string[] paths = ["direct", "edge", "edge-tls", .. InstalledProxies.Names];
        var dashboard = (await lab.StartAsync()).Dashboard();
        IReadOnlyList<Span> trace = [];
        await Eventually.TrueAsync(
            async () =>
            {
                foreach (var pair in (await dashboard.TracesAsync()).Where(span => span.Name == "pair catalog"))
                {
                    trace = await dashboard.TraceAsync(pair.TraceId);
                    // Each service exports its own spans; the trace is complete when no parent span is missing.
                    var whole = trace.All(span => span.Parent is null or "" || trace.Any(other => other.Id == span.Parent));
                    if (whole && trace.Count(span => span.Service.StartsWith("catalog-", StringComparison.Ordinal)) == paths.Length)
                    {
                        return true;
                    }
                }

                return false;
            },
            seconds: 60);

        var parent = Assert.Single(trace, span => span.Name == "pair catalog");
        var children = trace.Where(span => span.Parent == parent.Id).ToDictionary(span => span.Path!);
        Assert.Equal(paths.Order(), children.Keys.Order());
        Assert.All(children.Values, child => Assert.Equal("traffic", child.Service));
        Assert.All(children.Values, child => Assert.Equal("catalog", child.Tags["topology.workload"]));

        Assert.Equal(["catalog"], ServicesBelow(children["direct"]));
        Assert.Equal(["edge", "catalog"], ServicesBelow(children["edge"]));
        Assert.Equal(["edge-tls", "catalog"], ServicesBelow(children["edge-tls"]));
        // The other proxies send no telemetry of their own.
        Assert.All(InstalledProxies.Names, proxy => Assert.Equal(["catalog"], ServicesBelow(children[proxy])));
        foreach (var (path, child) in children)
        {
            Assert.All(Below(child).Where(span => span.Tags.ContainsKey("http.route")), span => Assert.Equal(path, span.Path));
        }

        IEnumerable<Span> Below(Span span) =>
            trace.Where(other => other.Parent == span.Id).SelectMany(child => (IEnumerable<Span>)[child, .. Below(child)]);

        List<string> ServicesBelow(Span span) =>
            [.. Below(span).Select(other => other.Service.Split("-1")[0].Split("-2")[0]).Where(service => service != "traffic").Distinct()];
    }

    [Theory]
    [InlineData("catalog-1", "direct")]
    [InlineData("edge", "edge")]
    public async Task A_client_cannot_choose_the_trace_set_the_path_or_add_baggage(string resource, string expected)
    {
        var dashboard = (await lab.StartAsync()).Dashboard();
        var url = (await lab.StartAsync()).Url(resource, "http");
        var id = ActivityTraceId.CreateRandom().ToString();
        // No other request uses this item, which does not exist.
        var item = Random.Shared.Next(1_000_000, int.MaxValue);
        using var client = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(url, $"/catalog/items/{item}"))
        {
            Headers = {
                { "traceparent", $"00-{id}-{ActivitySpanId.CreateRandom()}-01" },
                { "X-Topology-Edge", "haproxy" },
                { "baggage", "topology.path=haproxy,topology.workload=made-up" },
            },
        };
        (await client.SendAsync(request, Cancelled)).Dispose();

        IReadOnlyList<Span> trace = [];
        await Eventually.TrueAsync(
            async () =>
            {
                var mine = (await dashboard.TracesAsync()).FirstOrDefault(
                    span => span.Tags.GetValueOrDefault("url.path") == $"/catalog/items/{item}");
                if (mine is null) return false;
                trace = await dashboard.TraceAsync(mine.TraceId);
                return trace.Any(span => span.Service.StartsWith("catalog-", StringComparison.Ordinal));
            },
            seconds: 30);
        Assert.All(trace, span => Assert.NotEqual(id, span.TraceId));
        Assert.All(trace, span => Assert.Equal(expected, span.Path));
        Assert.DoesNotContain(trace, span => span.Tags.Values.Any(value => value is "haproxy" or "made-up"));
    }

    [Fact]
    public async Task Every_service_sends_traces_metrics_and_logs()
    {
        var dashboard = (await lab.StartAsync()).Dashboard();
        string[] services = ["catalog-1", "catalog-2", "orders", "media", "live", "edge", "edge-tls", "traffic"];
        await Eventually.TrueAsync(
            async () =>
            {
                var resources =
                    (await dashboard.ResourcesAsync()).EnumerateArray().ToDictionary(resource => resource.GetProperty("name").GetString()!);
                return services.All(service => resources.TryGetValue(service, out var resource)
                    && resource.GetProperty("hasTraces").GetBoolean() && resource.GetProperty("hasMetrics").GetBoolean()
                        && resource.GetProperty("hasLogs").GetBoolean());
            },
            seconds: 60);
    }

    [Fact]
    public async Task The_dashboard_answers_nobody_without_its_token()
    {
        var dashboard = (await lab.StartAsync()).Dashboard();
        using var client = new HttpClient();
        using var response = await client.GetAsync(new Uri(dashboard.LoginUrl, "/api/telemetry/traces"), Cancelled);
        Assert.Equal(System.Net.HttpStatusCode.Unauthorized, response.StatusCode);
    }
}
