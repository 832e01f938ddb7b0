using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Topology.Edge.Upstreams;
using Topology.Hardening.Limits;
using Topology.Tests.Infrastructure;

namespace Topology.Tests.Hardening;

public sealed class OverloadTests
{
    private const string Section = PublicLimits.Section;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_client_that_sends_too_much_gets_429_and_when_to_come_again()
    {
        await using var recorder = await Recorder.StartAsync();
        await using var edge = ServiceHost.Start<UpstreamOptions>(
            [.. recorder.AsEveryService(), .. Counted(), ($"{Section}:RequestBurst", "20"), ($"{Section}:RequestsPerSecond", "10")]);
        var id = Guid.NewGuid().ToString("N");
        var answers = await Task.WhenAll(Enumerable.Range(0, 60).Select(_ => edge.Client().GetAsync($"/catalog/{id}", Cancelled)));
        var refused = answers.Where(answer => answer.StatusCode == HttpStatusCode.TooManyRequests).ToList();
        Assert.InRange(answers.Count(answer => answer.IsSuccessStatusCode), 20, 40);
        Assert.NotEmpty(refused);
        Assert.Equal(answers.Length - refused.Count, recorder.Seen(id).Count);
        await AssertProblemAsync(refused[0], 429);

        await Task.Delay(
            TimeSpan.FromSeconds(int.Parse(refused[0].Headers.GetValues("Retry-After").Single(), CultureInfo.InvariantCulture)), Cancelled);
        using var again = await edge.Client().GetAsync($"/catalog/{id}", Cancelled);
        Assert.Equal(HttpStatusCode.OK, again.StatusCode);
    }

    [Fact]
    public async Task Internal_listeners_do_not_count_clients()
    {
        await using var recorder =
            await Recorder.StartAsync([.. Counted(), ($"{Section}:RequestBurst", "1"), ($"{Section}:RequestsPerSecond", "1")]);
        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => recorder.Client("internal").GetAsync("/health", Cancelled)));
        Assert.All(answers, answer => Assert.Equal(HttpStatusCode.OK, answer.StatusCode));
    }

    [Fact]
    public async Task More_requests_than_places_wait_shortly_and_those_above_get_503()
    {
        await using var recorder = await Recorder.StartAsync([($"{Section}:ConcurrentRequests", "4"), ($"{Section}:QueuedRequests", "2")]);
        var release = new TaskCompletionSource();
        recorder.Answer = context => context.Request.Path == "/catalog/wait" ? release.Task : Task.CompletedTask;
        var client = recorder.Client();
        var waiting = Enumerable.Range(0, 20).Select(_ => client.GetAsync("/catalog/wait", Cancelled)).ToList();
        await Eventually.TrueAsync(() => waiting.Count(task => task.IsCompleted) == 14);
        foreach (var refused in waiting.Where(task => task.IsCompleted)) await AssertProblemAsync(await refused, 503);

        // Streams take no place, and internal requests have none of these limits.
        using (var stream = await client.GetAsync("/live/x", Cancelled)) Assert.Equal(HttpStatusCode.OK, stream.StatusCode);
        using (var health = await recorder.Client("internal").GetAsync("/health", Cancelled)) Assert.Equal(
            HttpStatusCode.OK, health.StatusCode);

        release.SetResult();
        var answers = await Task.WhenAll(waiting);
        Assert.Equal(6, answers.Count(answer => answer.StatusCode == HttpStatusCode.OK));
    }

    [Fact]
    public async Task A_request_that_takes_longer_than_its_route_allows_is_a_504_and_a_stream_may()
    {
        await using var recorder = await Recorder.StartAsync([($"{Section}:RequestTimeout", "00:00:02")]);
        recorder.Answer = context => Task.Delay(TimeSpan.FromSeconds(3), context.RequestAborted);
        var client = recorder.Client();
        var (orders, other, stream) =
            (client.PostAsync("/orders/second", null, Cancelled), client.GetAsync("/catalog/x", Cancelled),
            client.GetAsync("/live/x", Cancelled));
        Assert.Equal(HttpStatusCode.GatewayTimeout, (await orders).StatusCode);
        Assert.Equal(HttpStatusCode.GatewayTimeout, (await other).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await stream).StatusCode);
    }

    [Fact]
    public async Task An_application_sets_or_switches_off_a_timeout_as_the_framework_has_it()
    {
        await using var recorder = await Recorder.StartAsync([($"{Section}:RequestTimeout", "00:00:01")]);
        recorder.Answer = context => Task.Delay(TimeSpan.FromSeconds(2), context.RequestAborted);
        var client = recorder.Client();
        var (half, untimed) = (client.GetAsync("/orders/half", Cancelled), client.GetAsync("/orders/untimed", Cancelled));
        Assert.Equal(HttpStatusCode.GatewayTimeout, (await half).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await untimed).StatusCode);
    }

    [Fact]
    public async Task A_backend_that_takes_longer_than_its_route_allows_is_a_504_at_the_edge()
    {
        await using var recorder = await Recorder.StartAsync();
        recorder.Answer = context => Task.Delay(TimeSpan.FromSeconds(20), context.RequestAborted);
        await using var edge = ServiceHost.Start<UpstreamOptions>(
            [.. recorder.AsEveryService(), ("ReverseProxy:Routes:catalog:Metadata:Timeout", "00:00:01")]);
        using var answer = await edge.Client().GetAsync("/catalog/x", Cancelled);
        Assert.Equal(HttpStatusCode.GatewayTimeout, answer.StatusCode);
        Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.MediaType);
    }

    private static IEnumerable<(string, string)> Counted() => [($"{Section}:UncountedClients", "none")];

    private static async Task AssertProblemAsync(HttpResponseMessage response, int status)
    {
        Assert.Equal((status, "application/problem+json"), ((int)response.StatusCode, response.Content.Headers.ContentType?.MediaType));
        Assert.InRange(int.Parse(response.Headers.GetValues("Retry-After").Single(), CultureInfo.InvariantCulture), 1, 5);
        Assert.Equal(status, (await response.Content.ReadFromJsonAsync<JsonElement>(Cancelled)).GetProperty("status").GetInt32());
    }
}
