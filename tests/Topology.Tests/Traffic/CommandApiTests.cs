using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Topology.Tests.Infrastructure;
using Topology.Traffic.History;
using Topology.Traffic.Pairs;
using Topology.Traffic.Runs;

namespace Topology.Tests.Traffic;

/// <summary>Comparisons and claims as commands over HTTP, which the dashboard uses.</summary>
public sealed class CommandApiTests : IClassFixture<RealServices>, IAsyncDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("topology-api-").FullName;
    private readonly ServiceHost _traffic;

    public CommandApiTests(RealServices services)
    {
        var state = Path.Combine(_folder, "topology.json");
        File.WriteAllText(state, $$$"""
            {"resources":[{"name":"catalog","state":"running","pid":{{{Environment.ProcessId}}},"urls":{"http":"{{{services.Discovery().First(entry => entry.Key == "services:catalog:http:0").Value}}}"}},
            {"name":"traffic","state":"running","pid":null,"urls":{"http":"http://localhost:5290"}}],"healthy":true,"configuration":"Debug"}
            """);
        _traffic = ServiceHost.Start<ComparisonHistory>([
            .. services.Discovery(), ("services:nginx:http:0", $"http://localhost:{FreePorts.Take()}"), ("Topology:Path", ""),
                ("TOPOLOGY_STATE_FILE", state),
            ("Traffic:PairsPerSecond", "50"), (ComparisonHistory.FileKey, Path.Combine(_folder, "comparisons.db"))]);
    }

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    private MeasurementGate Gate => _traffic.Services.GetRequiredService<MeasurementGate>();

    public async ValueTask DisposeAsync()
    {
        await _traffic.DisposeAsync();
        Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task A_comparison_returns_its_table_as_Markdown_and_is_kept()
    {
        using var answer = await PostAsync("/comparisons", new { workload = "orders", rate = 60, durationSeconds = 1, tls = (bool?)null });
        var text = await answer.Content.ReadAsStringAsync(Cancelled);
        Assert.Equal((HttpStatusCode.OK, "text/markdown"), (answer.StatusCode, answer.Content.Headers.ContentType?.MediaType));
        Assert.Contains(
            "| path | achieved/s | errors | p50 ms | p99 ms | Δ p50 ms [95 %] | Δ p99 ms [95 %] | CPU µs/request |", text,
            StringComparison.Ordinal);
        // Paths that are not started are left out.
        Assert.Contains("\n| direct | ", text, StringComparison.Ordinal);
        Assert.Contains("\n| edge | ", text, StringComparison.Ordinal);
        Assert.DoesNotContain("nginx", text, StringComparison.Ordinal);
        // A Debug build allows no verdict.
        Assert.StartsWith("**run again**: The edge: this run allows no verdict.", text, StringComparison.Ordinal);
        Assert.Matches("The control found (no|a) difference .*: direct against itself, p50 ", text);
        Assert.Contains("- The services are built in Debug: use Release", text, StringComparison.Ordinal);
        Assert.Contains("(http://localhost:5290/?comparison=1)", text, StringComparison.Ordinal);
        Assert.NotNull(_traffic.Services.GetRequiredService<ComparisonHistory>().Find(1));
    }

    [Theory]
    [InlineData("/comparisons", """{"workload":"catalogue"}""", "catalogue")]
    [InlineData("/comparisons", """{"rate":0}""", "rate")]
    [InlineData("/comparisons", """{"paths":["direct","nginx"]}""", "nginx is not running; use some of direct, edge")]
    [InlineData("/comparisons", """{"rate":"fast"}""", "rate")]
    [InlineData("/comparisons", """{"duration":1}""", "duration")]
    [InlineData("/claims", """{"only":["no-such-claim"]}""", "no-such-claim")]
    public async Task Bad_options_return_a_problem_that_says_what_to_change(string path, string body, string told)
    {
        using var answer = await _traffic.Client("internal").PostAsync(path, new StringContent(body, null, "application/json"), Cancelled);
        Assert.Equal(
            (HttpStatusCode.BadRequest, "application/problem+json"), (answer.StatusCode, answer.Content.Headers.ContentType?.MediaType));
        Assert.Contains(told, await answer.Content.ReadAsStringAsync(Cancelled), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_claim_returns_its_evidence_as_Markdown()
    {
        using var answer = await PostAsync("/claims", new { only = (string[])["poisoned-link"] });
        var text = await answer.Content.ReadAsStringAsync(Cancelled);
        Assert.Equal((HttpStatusCode.OK, "text/markdown"), (answer.StatusCode, answer.Content.Headers.ContentType?.MediaType));
        Assert.StartsWith("| claim | holds | evidence |\n| --- | --- | --- |\n| **poisoned-link** ", text, StringComparison.Ordinal);
        Assert.Contains(" of 1 claims hold.", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/comparisons", HttpStatusCode.NotFound)]
    [InlineData("/claims", HttpStatusCode.BadRequest)] // There it is a page, which does not accept POST.
    public async Task Only_the_internal_listener_accepts_commands_and_none_from_another_site(string path, HttpStatusCode outside)
    {
        using (var refused = await _traffic.Client("http").PostAsJsonAsync(path, new { }, Cancelled)) Assert.Equal(
            outside, refused.StatusCode);
        using var foreign = new HttpRequestMessage(HttpMethod.Post, path)
        { Headers = { { "Sec-Fetch-Site", "cross-site" } }, Content = JsonContent.Create(new { }) };
        using (var refused = await _traffic.Client("internal").SendAsync(foreign, Cancelled)) Assert.Equal(
            HttpStatusCode.Forbidden, refused.StatusCode);
    }

    /// <summary>Comparisons and claims share one gate, so that neither starts during the other.</summary>
    [Fact]
    public async Task Comparisons_and_claims_exclude_each_other_and_pairs_pause_until_both_are_done()
    {
        var pairs = _traffic.Services.GetRequiredService<RecentPairs>();
        await Eventually.TrueAsync(() => pairs.All.Count > 0, seconds: 30);
        var held = Gate.TryEnter();
        Assert.NotNull(held);
        Assert.Null(Gate.TryEnter());
        foreach (var path in (string[])["/comparisons", "/claims"])
        {
            using var refused = await PostAsync(path, new { });
            Assert.Equal(HttpStatusCode.Conflict, refused.StatusCode);
        }

        await Task.Delay(300, Cancelled); // A pair may have been in flight.
        var newest = pairs.All[0];
        await Task.Delay(300, Cancelled);
        Assert.Same(newest, pairs.All[0]);

        // Disposing twice does not release another measurement's gate.
        held.Dispose();
        using var next = Gate.TryEnter();
        Assert.NotNull(next);
        held.Dispose();
        Assert.Null(Gate.TryEnter());
        Assert.Same(newest, pairs.All[0]);
        next.Dispose();
        await Eventually.TrueAsync(() => !ReferenceEquals(newest, pairs.All[0]), seconds: 30);
    }

    [Fact]
    public async Task A_comparison_whose_caller_disconnects_is_cancelled()
    {
        using (var patience = CancellationTokenSource.CreateLinkedTokenSource(Cancelled))
        {
            var run = PostAsync("/comparisons", new { durationSeconds = 300 }, patience.Token);
            await Eventually.TrueAsync(() => Gate.IsTaken, seconds: 30);
            await patience.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => run);
        }

        await Eventually.TrueAsync(() => !Gate.IsTaken, seconds: 30);
        Assert.Equal("The comparison was cancelled.", _traffic.Services.GetRequiredService<ComparisonRunner>().Failure);
    }

    private async Task<HttpResponseMessage> PostAsync(string path, object body, CancellationToken? cancellationToken = null)
    {
        var client = _traffic.Client("internal");
        client.Timeout = TimeSpan.FromMinutes(3);
        return await client.PostAsJsonAsync(path, body, JsonSerializerOptions.Web, cancellationToken ?? Cancelled);
    }
}
