using System.Diagnostics;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Time.Testing;
using OpenTelemetry.Trace;
using Topology.Edge.Upstreams;
using Topology.Hardening.Tracing;
using Topology.ServiceDefaults.Telemetry;
using Topology.Tests.Infrastructure;

namespace Topology.Tests.Hardening;

/// <summary>Which trace a request belongs to, W3C Trace Context section 7.1.</summary>
public sealed class TraceTrustTests
{
    private const string Key = "TheKeyOfThisTopology";

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("http", null, "00", false)]
    [InlineData("http", null, "01", false)]
    [InlineData("http", "", "01", false)]
    [InlineData("http", "TheKeyOfAnotherOne..", "01", false)]
    [InlineData("http", "TheKeyOfThisTopologyAndMore", "01", false)]
    [InlineData("http", Key, "00", true)]
    [InlineData("http", Key, "01", true)]
    [InlineData("https", null, "01", false)]
    [InlineData("https", Key, "01", true)]
    [InlineData("ingress", null, "01", false)]
    [InlineData("internal", null, "01", false)] // A proxy forwards a client's context.
    [InlineData("internal", Key, "01", true)]
    public async Task A_trace_context_is_followed_with_the_key_only(string listener, string? key, string flags, bool isFollowed)
    {
        using var activities = Listen();
        await using var backend = await Recorder.StartAsync([("Topology:TraceKey", Key)]);
        await using var edge = ServiceHost.Start<UpstreamOptions>([("Topology:TraceKey", Key), .. backend.AsEveryService()]);
        Activity? seen = null;
        var passedOn = new List<string>();
        backend.Answer = context =>
        {
            seen = context.Features.Get<IHttpActivityFeature>()!.Activity;
            passedOn.AddRange(context.Request.Headers.Keys);
            return Task.CompletedTask;
        };
        foreach (var url in (Uri[])[backend.Url(listener), edge.Url(listener)])
        {
            var (trace, parent) = (ActivityTraceId.CreateRandom(), ActivitySpanId.CreateRandom());
            await using var connection = await RawConnection.OpenAsync(url, Cancelled);
            await connection.SendAsync(
                $"GET /catalog/x HTTP/1.1\r\nHost: localhost\r\ntraceparent: 00-{trace}-{parent}-{flags}\r\ntracestate: "
                    + $"stranger=1\r\nbaggage: a=b\r\n{(key is null ? "" : $"Topology-Trace-Key: {key}\r\n")}\r\n", Cancelled);
            Assert.Equal(200, (await connection.ReadAsync())?.Status);
            Assert.Equal((url, isFollowed), (url, seen!.TraceId == trace));
            if (!isFollowed) Assert.Null(seen.TraceStateString);
            // The edge forwards the context of its own span.
            if (url.Port == edge.Url(listener).Port) Assert.NotEqual(default, seen.ParentSpanId);
        }
    }

    [Fact]
    public async Task Without_a_key_no_context_is_trusted()
    {
        using var activities = Listen();
        await using var backend = await Recorder.StartAsync();
        Activity? seen = null;
        backend.Answer = context => Task.FromResult(seen = context.Features.Get<IHttpActivityFeature>()!.Activity);
        var trace = ActivityTraceId.CreateRandom();
        await using var connection = await RawConnection.OpenAsync(backend.Url("http"), Cancelled);
        await connection.SendAsync(
            $"GET /catalog/x HTTP/1.1\r\nHost: localhost\r\ntraceparent: "
            + $"00-{trace}-{ActivitySpanId.CreateRandom()}-01\r\nTopology-Trace-Key: \r\n\r\n", Cancelled);
        Assert.Equal(200, (await connection.ReadAsync())?.Status);
        Assert.NotEqual(trace, seen!.TraceId);
    }

    [Theory]
    [InlineData("Topology:TraceKey", "short")]
    [InlineData("Topology:TraceKey", "has a space in it, and more")]
    [InlineData("Topology:TracesPerSecond", "-1")]
    [InlineData("Topology:ForwardLimit", "0")]
    [InlineData("Topology:IngressForwardLimit", "0")]
    public async Task A_setting_that_cannot_be_is_named_at_the_start(string key, string value)
    {
        var refused = await Assert.ThrowsAnyAsync<Exception>(() => Recorder.StartAsync([(key, value)]));
        Assert.Contains(key, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Strangers_cannot_have_any_number_of_traces_recorded()
    {
        var time = new FakeTimeProvider();
        var sampler = new RecordedTraces(perSecond: 3, time);
        Assert.Equal([true, true, true, false, false], Enumerable.Range(0, 5).Select(_ => IsRecorded(sampler)));
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.True(IsRecorded(sampler));
    }

    private static bool IsRecorded(RecordedTraces sampler) =>
        sampler.ShouldSample(
            new(default, ActivityTraceId.CreateRandom(), "GET", ActivityKind.Server)).Decision == SamplingDecision.RecordAndSample;

    private static ActivityListener Listen()
    {
        var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == "Microsoft.AspNetCore",
            Sample = (ref _) =>
        ActivitySamplingResult.AllData
        };
        ActivitySource.AddActivityListener(listener);
        return listener;
    }
}
