using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using Microsoft.AspNetCore.Http;
using Topology.Edge.Upstreams;
using Topology.Tests.Infrastructure;

namespace Topology.Tests.Edge;

/// <summary>What the edge does while replicas fail and return.</summary>
public sealed class FailoverTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("GET", null)]
    [InlineData("POST", "key")]
    public async Task A_safe_or_keyed_request_waits_while_its_only_replica_restarts(string method, string? key)
    {
        var port = FreePorts.Take();
        await using var edge = StartEdge(port, ("Edge:ReplicaWait", "00:00:20"));
        var sent = SendAsync(edge, method, key);
        await Task.Delay(300, Cancelled);
        Assert.False(sent.IsCompleted);

        await using var replica = await Upstream.StartAsync(EchoAsync, port);
        using var response = await sent;
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(method == "GET" ? "" : "order", await response.Content.ReadAsStringAsync(Cancelled));
    }

    [Fact]
    public async Task Other_requests_do_not_wait()
    {
        await using var edge = StartEdge(FreePorts.Take(), ("Edge:ReplicaWait", "00:10:00"));
        using var response = await SendAsync(edge, "POST", key: null);
        Assert.Contains(response.StatusCode, new[] { HttpStatusCode.BadGateway, HttpStatusCode.ServiceUnavailable });
    }

    [Fact]
    public async Task The_wait_is_bounded_and_the_answer_says_when_to_try_again()
    {
        await using var edge = StartEdge(FreePorts.Take(), ("Edge:ReplicaWait", "00:00:00.5"));
        await Eventually.TrueAsync(async () =>
        {
            using var response = await SendAsync(edge, "GET", key: null);
            return response.StatusCode == HttpStatusCode.ServiceUnavailable
                && response.Headers.RetryAfter?.Delta == TimeSpan.FromSeconds(1)
                && response.Content.Headers.ContentType?.MediaType == "application/problem+json";
        });
    }

    [Fact]
    public async Task Only_so_many_requests_wait()
    {
        var port = FreePorts.Take();
        await using var edge = StartEdge(port, ("Edge:ReplicaWait", "00:10:00"), ("Edge:WaitingRequests", "2"));
        var sent = Enumerable.Range(0, 5).Select(_ => SendAsync(edge, "GET", key: null)).ToList();
        await Eventually.TrueAsync(() => Task.FromResult(sent.Count(task => task.IsCompleted) == 3));

        await using var replica = await Upstream.StartAsync(EchoAsync, port);
        var statuses = (await Task.WhenAll(sent)).Select(response => response.StatusCode).ToArray();
        Assert.Equal(2, statuses.Count(status => status == HttpStatusCode.OK));
    }

    [Fact]
    public async Task A_retry_is_an_event_of_the_requests_span()
    {
        var events = new ConcurrentBag<string>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == "Microsoft.AspNetCore",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
            ActivityStopped = activity =>
            {
                foreach (var retry in activity.Events) events.Add($"{retry.Name} {retry.Tags.Single()}");
            },
        };
        ActivitySource.AddActivityListener(listener);
        await using var replica = await Upstream.StartAsync(EchoAsync);
        await using var edge = ServiceHost.Start<UpstreamOptions>([
            ("ReverseProxy:Clusters:orders:HealthCheck:Active:Enabled", "false"),
            ("services:orders:internal-h2:0", $"http://localhost:{FreePorts.Take()}"), ("services:orders:internal-h2:1", replica.Url)]);
        await Eventually.TrueAsync(async () =>
        {
            using var response = await edge.Client().GetAsync("/orders/retried", Cancelled);
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            return events.Contains("retry [topology.reason, not connected]");
        });
    }

    [Fact]
    public void Retries_are_at_most_a_fifth_of_the_requests_after_a_burst()
    {
        var budget = new RetryBudget();
        var burst = 0;
        while (budget.TryTake()) burst++;
        Assert.Equal(200, burst);

        var retries = 0;
        for (var request = 0; request < 100; request++)
        {
            budget.Count();
            if (budget.TryTake()) retries++;
        }

        Assert.Equal(20, retries);
    }

    private static ServiceHost StartEdge(int port, params IEnumerable<(string, string)> settings) =>
        ServiceHost.Start<UpstreamOptions>([("services:orders:internal-h2:0", $"http://localhost:{port}"), .. settings]);

    private static Task EchoAsync(HttpContext context) => context.Request.Body.CopyToAsync(context.Response.Body, Cancelled);

    private static async Task<HttpResponseMessage> SendAsync(ServiceHost edge, string method, string? key)
    {
        using var request = new HttpRequestMessage(new(method), "/orders");
        if (method == "POST") request.Content = new StringContent("order");
        if (key is not null) request.Headers.Add("Idempotency-Key", key);
        return await edge.Client().SendAsync(request, Cancelled);
    }
}
