using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using Topology.Edge.Upstreams;
using Topology.Hardening.Refusals;
using Topology.ServiceDefaults.Paths;
using Topology.Tests.Infrastructure;

namespace Topology.Tests.Hardening;

/// <summary>Refusals have the same form everywhere, and operators see them.</summary>
public sealed class RefusalTests(HardeningFixture fixture)
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("GET /catalog/x HTTP/1.1\r\nHost: evil.example\r\n\r\n", "host")]
    [InlineData("GET /catalog/%2e%2e/x HTTP/1.1\r\nHost: localhost\r\n\r\n", "path")]
    [InlineData("TRACE /catalog/x HTTP/1.1\r\nHost: localhost\r\n\r\n", "method")]
    [InlineData("GET /catalog/x HTTP/1.1\nHost: localhost\r\n\r\n", "syntax")]
    [InlineData("GET /catalog/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", "syntax")]
    [InlineData("POST /orders/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 70000\r\n\r\n", "body")]
    [InlineData(
        "POST /orders/x HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/grpc\r\nContent-Length: 0\r\n\r\n", "grpc over HTTP/1.1")]
    [InlineData("GET /catalog/x{8192} HTTP/1.1\r\nHost: localhost\r\n\r\n", "head")]
    [InlineData("GET /catalog/x HTTP/1.1\r\nHost: localhost\r\nX: {40000}\r\n\r\n", "head")]
    public async Task What_is_refused_is_counted_by_reason(string request, string reason)
    {
        foreach (var (services, url) in (IEnumerable<(IServiceProvider, Uri)>)
        [
            (fixture.Edge.Services, fixture.Edge.Url("http")), (fixture.Recorder.Services, fixture.Recorder.Url("http"))
        ])
        {
            var reasons = new ConcurrentBag<object?>();
            var scope = services.GetRequiredService<IMeterFactory>();
            using var meters = new MeterListener
            {
                InstrumentPublished = (instrument, self) =>
                {
                    if (instrument.Name == RequestRefusals.CounterName && instrument.Meter.Scope == scope)
                    {
                        self.EnableMeasurementEvents(instrument);
                    }
                },
            };
            meters.SetMeasurementEventCallback<long>((_, _, tags, _) => reasons.Add(tags[0].Value));
            meters.Start();
            await using var connection = await RawConnection.OpenAsync(url, Cancelled);
            await connection.SendAsync(
                request.Replace("{8192}", new string('q', 8192), StringComparison.Ordinal).Replace(
                "{40000}", new string('v', 40_000), StringComparison.Ordinal), Cancelled);
            Assert.InRange((await connection.ReadAsync())!.Status, 400, 505);
            // Other tests use the same hosts.
            await Eventually.TrueAsync(() => reasons.Contains(reason));
        }
    }

    [Fact]
    public void Log_lines_have_a_rate_and_count_the_omitted_ones()
    {
        using var services = new ServiceCollection().AddMetrics().BuildServiceProvider();
        var lines = new Lines();
        var time = new FakeTimeProvider();
        var refusals = new RequestRefusals(services.GetRequiredService<IMeterFactory>(), lines, time);
        var features = new FeatureCollection();
        features.Set<IHttpConnectionFeature>(new HttpConnectionFeature { RemoteIpAddress = IPAddress.Parse("203.0.113.9") });
        for (var i = 0; i < 1000; i++) refusals.Note(features, 400, "host");
        Assert.Equal(10, lines.Written.Count);
        Assert.Equal("Refused 203.0.113.9 with 400: host (and 0 more since the previous line)", lines.Written[0]);

        time.Advance(TimeSpan.FromSeconds(1));
        refusals.Note(features, 400, "host");
        Assert.Equal("Refused 203.0.113.9 with 400: host (and 990 more since the previous line)", lines.Written[^1]);
    }

    /// <summary>A body announced as too large, one that grows too large, and one on a route that accepts none.</summary>
    [Theory]
    [InlineData("POST /orders/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 70000\r\n\r\n")]
    [InlineData("POST /orders/x HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n12000\r\n{70000}")]
    [InlineData("GET /live/events HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n")]
    public async Task A_413_has_one_shape_and_says_that_the_connection_closes(string request)
    {
        foreach (var (exposure, url) in fixture.Exposures)
        {
            await using var connection = await RawConnection.OpenAsync(url, Cancelled);
            await connection.SendAsync(request.Replace("{70000}", new string('b', 70_000), StringComparison.Ordinal), Cancelled);
            var answer = (await connection.ReadAsync())!;
            Assert.Equal(
                (exposure, 413, "application/problem+json", "close"),
                (exposure, answer.Status, answer.Header("content-type"), answer.Header("connection")));
            var problem = JsonDocument.Parse(answer.Body).RootElement;
            Assert.Equal(
                (exposure, "Content Too Large", 413),
                (exposure, problem.GetProperty("title").GetString(), problem.GetProperty("status").GetInt32()));
            Assert.Equal("https://tools.ietf.org/html/rfc9110#section-15.5.14", problem.GetProperty("type").GetString());
            Assert.True(problem.TryGetProperty("detail", out _) && problem.TryGetProperty("traceId", out _));
        }
    }

    [Theory]
    [InlineData("GET /nothing/x HTTP/1.1\r\nHost: evil.example\r\n\r\n", "Bad Request")]
    [InlineData("TRACE /catalog/x HTTP/1.1\r\nHost: localhost\r\n\r\n", "Not Implemented")]
    [InlineData("GET /catalog/x{8192} HTTP/1.1\r\nHost: localhost\r\n\r\n", "URI Too Long")]
    [InlineData("GET /catalog/x HTTP/1.1\r\nHost: localhost\r\nX: {33000}\r\n\r\n", "Request Header Fields Too Large")]
    public async Task Other_refusals_have_it_too(string request, string title)
    {
        foreach (var (exposure, url) in fixture.Exposures)
        {
            await using var connection = await RawConnection.OpenAsync(url, Cancelled);
            await connection.SendAsync(
                request.Replace("{8192}", new string('q', 8192), StringComparison.Ordinal).Replace(
                "{33000}", new string('v', 33_000), StringComparison.Ordinal), Cancelled);
            var answer = (await connection.ReadAsync())!;
            Assert.Equal((exposure, "application/problem+json"), (exposure, answer.Header("content-type")));
            var problem = JsonDocument.Parse(answer.Body).RootElement;
            Assert.Equal(
                (exposure, title, answer.Status),
                (exposure, problem.GetProperty("title").GetString(), problem.GetProperty("status").GetInt32()));
            Assert.True(
                problem.TryGetProperty("type", out _) && problem.TryGetProperty("detail", out _)
                && problem.TryGetProperty("traceId", out _));
        }
    }

    /// <summary>Spans that start during a request inherit the tag, so it must be set before.</summary>
    [Fact]
    public async Task The_workload_is_known_while_the_request_is_answered()
    {
        await using var backend = await Recorder.StartAsync();
        object? seen = null;
        using var activities = new System.Diagnostics.ActivityListener
        {
            ShouldListenTo = source => source.Name == "Microsoft.AspNetCore",
            Sample = (ref _) =>
        System.Diagnostics.ActivitySamplingResult.AllData
        };
        System.Diagnostics.ActivitySource.AddActivityListener(activities);
        backend.Answer = context =>
            Task.FromResult(seen = context.Features.Get<IHttpActivityFeature>()!.Activity.GetTagItem(TopologyPath.WorkloadTag));
        using var response = await backend.Client().GetAsync("/orders/x", Cancelled);
        Assert.Equal("orders", seen);
    }

    [Fact]
    public async Task Over_HTTP2_a_target_that_is_too_long_is_a_414_and_not_a_reset()
    {
        foreach (var url in (Uri[])[fixture.Edge.Url("https"), fixture.Recorder.Url("https")])
        {
            using var client = ServiceHost.Http2Client();
            using var response = await client.GetAsync(new Uri(url, $"/catalog/x?{new string('q', 9000)}"), Cancelled);
            Assert.Equal(
                (HttpStatusCode.RequestUriTooLong, "application/problem+json"),
                (response.StatusCode, response.Content.Headers.ContentType?.MediaType));
        }
    }

    private sealed class Lines : ILogger<RequestRefusals>
    {
        public List<string> Written { get; } = [];

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Written.Add(formatter(state, exception));
    }
}
