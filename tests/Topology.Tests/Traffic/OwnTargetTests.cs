using System.Collections.Concurrent;
using System.Diagnostics;
using Microsoft.AspNetCore.Http;
using Topology.Comparison;
using Topology.Comparison.OwnTargets;
using Topology.Comparison.Targets;
using Topology.Tests.Infrastructure;

namespace Topology.Tests.Traffic;

/// <summary>The user's own application: real servers of known behaviour.</summary>
public sealed class OwnTargetTests
{
    private static readonly OwnWorkload Get = OwnWorkload.Parse("GET", "/items/1", [], null, null);

    [Fact]
    public async Task A_millisecond_that_a_server_adds_is_found()
    {
        await using var direct = await TestServer.EchoAsync();
        await using var edge = await TestServer.StartAsync(context =>
        {
            var started = Stopwatch.GetTimestamp();
            while (Stopwatch.GetElapsedTime(started) < TimeSpan.FromMilliseconds(1)) Thread.SpinWait(20);
            return TestServer.WriteAsync(context, context.Request.Path);
        });
        var result = await RunAsync(Get, direct, edge);
        Assert.InRange(result.Differences.Single(entry => entry.Percentile == "p50").Ms, 0.5, 5);
        Assert.Equal(("GET /items/1", "direct"), (result.Workload, result.Baseline));
        Assert.Equal([direct.Url, edge.Url], result.Paths.Select(path => path.Url));
        Assert.Equal((100L, 0L, 0L), (result.Paths[1].Requests, result.Paths[1].Errors, result.Paths[1].Sameness.DifferentAnswers));
    }

    [Fact]
    public async Task Responses_that_differ_are_told_and_do_not_make_the_result_invalid()
    {
        await using var direct = await TestServer.EchoAsync();
        await using var edge = await TestServer.StartAsync(context =>
        {
            context.Response.StatusCode = StatusCodes.Status203NonAuthoritative;
            context.Response.ContentType = "text/html";
            return TestServer.WriteAsync(context, "<p>");
        });
        var note = Assert.Single(await CheckAsync(Get, direct, edge));
        Assert.Equal(
            "edge answers differently from direct: status 203 instead of 200; Content-Type text/html instead of none; "
            + "a body of 3 bytes instead of 8.",
            note);
        var result = await RunAsync(Get, direct, edge);
        Assert.Contains(
            result.Notes, said =>
            said.StartsWith("edge: ", StringComparison.Ordinal) && said.EndsWith("first one.", StringComparison.Ordinal));
        Assert.DoesNotContain(result.Notes, said => said.Contains("does not do the same work", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Equal_targets_have_nothing_to_tell_and_bodies_that_always_change_are_said_to()
    {
        await using var direct = await TestServer.EchoAsync();
        await using var edge = await TestServer.EchoAsync();
        Assert.Empty(await CheckAsync(Get, direct, edge));

        var counter = 0;
        await using var changing =
            await TestServer.StartAsync(context => TestServer.WriteAsync(context, $"{Interlocked.Increment(ref counter)}"));
        Assert.Contains(
            "changes from request to request", Assert.Single(await CheckAsync(Get, changing, edge)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_unexpected_status_a_redirect_and_a_target_without_a_server_are_errors()
    {
        await using var good = await TestServer.EchoAsync();
        var asked = 0;
        await using var elsewhere = await TestServer.StartAsync(context =>
        {
            asked++;
            return TestServer.WriteAsync(context, "");
        });
        await using var redirecting = await TestServer.StartAsync(context =>
        {
            context.Response.Redirect($"{elsewhere.Url}login");
            return Task.CompletedTask;
        });
        await using var refusing = await TestServer.StartAsync(context =>
        {
            context.Response.StatusCode = StatusCodes.Status401Unauthorized;
            return Task.CompletedTask;
        });
        Assert.Contains("returns status 401 instead of 200 to 299", await FailureAsync(good, refusing.Url), StringComparison.Ordinal);
        var redirected = await FailureAsync(good, redirecting.Url);
        Assert.Contains($"redirects to {elsewhere.Url}login, which is not followed", redirected, StringComparison.Ordinal);
        Assert.Equal(0, asked);
        Assert.Contains(
            "does not respond: Connection refused", await FailureAsync(good, new($"http://127.0.0.1:{FreePorts.Take()}")),
            StringComparison.Ordinal);
        // The same status is good where it is expected.
        Assert.Empty(await CheckAsync(OwnWorkload.Parse("GET", "/", [], null, 401), refusing, refusing));

        static async Task<string> FailureAsync(TestServer good, Uri bad) => (await Assert.ThrowsAsync<ComparisonFailedException>(
            () => SamenessCheck.RunAsync(
                [new("direct", good.Url), new("edge", bad)], Get, false, PublicTrust.OfSystem, TestContext.Current.CancellationToken)))
            .Message;
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Method_headers_and_body_reach_the_application_in_both_protocols(bool http2)
    {
        using var certificate = TestCertificate.Create();
        var seen = new ConcurrentBag<string>();
        await using var server = await TestServer.StartAsync(async context =>
        {
            using var reader = new StreamReader(context.Request.Body);
            var request = context.Request;
            seen.Add($"{request.Protocol} {request.Method} {request.Path}{request.QueryString} {request.Host} {request.ContentType} "
                + $"{request.Headers["X-Key"]} {request.Headers.TraceParent} {await reader.ReadToEndAsync()}");
            context.Response.StatusCode = StatusCodes.Status204NoContent;
        }, certificate);
        var workload = OwnWorkload.Parse(
            "POST", "/orders?a=1", ["X-Key: k", "Content-Type: text/plain", "Host: www.example"], "two"u8.ToArray(), 204);
        OwnTarget[] targets = [new("one", new(server.Url, "/v1/")), new("two", new(server.Url, "/v2"))];
        var trust = PublicTrust.Of([certificate]);
        Assert.Empty(await SamenessCheck.RunAsync(targets, workload, http2, trust, TestContext.Current.CancellationToken));
        var result = await Engine(targets, trust).RunAsync(
            Options(workload, targets) with { HttpVersion = http2 ? 2 : 1, Tls = true }, null, TestContext.Current.CancellationToken);
        Assert.All(result.Paths, path => Assert.Equal((100L, 0L, null), (path.Requests, path.Errors, path.Error)));
        var protocol = http2 ? "HTTP/2" : "HTTP/1.1";
        Assert.Equal(
            ((string[])["/v1", "/v2"]).Select(prefix => $"{protocol} POST {prefix}/orders?a=1 www.example text/plain k  two"),
            seen.Distinct().Order());
    }

    [Theory]
    [InlineData("http://127.0.0.1:1", true)]
    [InlineData("http://localhost", true)]
    [InlineData("https://[::1]:8443/path", true)]
    [InlineData("http://192.0.2.1", false)]
    [InlineData("http://no-such-host.invalid", false)]
    public void A_target_knows_whether_it_is_on_this_machine(string url, bool here) =>
        Assert.Equal(here, OwnTarget.Parse($"edge={url}").IsOnThisMachine());

    private static Task<IReadOnlyList<string>> CheckAsync(OwnWorkload workload, TestServer direct, TestServer edge) =>
        SamenessCheck.RunAsync(
            [new("direct", direct.Url), new("edge", edge.Url)], workload, false, PublicTrust.OfSystem,
            TestContext.Current.CancellationToken);

    private static Task<ComparisonResult> RunAsync(OwnWorkload workload, TestServer direct, TestServer edge)
    {
        OwnTarget[] targets = [new("direct", direct.Url), new("edge", edge.Url)];
        return Engine(targets, PublicTrust.OfSystem).RunAsync(Options(workload, targets), null, TestContext.Current.CancellationToken);
    }

    private static ComparisonEngine Engine(IEnumerable<OwnTarget> targets, PublicTrust trust) =>
        new(TargetMap.Of([.. targets.Select(target => (target.Name, target.Url))]), trust)
        {
            WarmUpSlice = TimeSpan.FromMilliseconds(20),
            WarmUp = TimeSpan.FromMilliseconds(100),
        };

    private static ComparisonOptions Options(OwnWorkload workload, IEnumerable<OwnTarget> targets) => new()
    {
        Request = workload,
        Workload = workload.Name,
        Paths = [.. targets.Select(target => target.Name)],
        Rate = 100,
        DurationSeconds = 1,
    };
}
