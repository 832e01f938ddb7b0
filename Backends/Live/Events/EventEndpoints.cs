using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Mvc;
using Topology.Hardening.Limits;
using Topology.ServiceDefaults.Paths;

namespace Topology.Live.Events;

/// <summary>A server-sent event.</summary>
/// <param name="Sequence">Starts at 1. Also the event id, from which a reconnecting client continues.</param>
public sealed record Tick(long Sequence);

internal static class EventEndpoints
{
    /// <summary>2^53 - 1, the largest integer that all JSON parsers represent exactly (RFC 8259 section 6).</summary>
    private const long LargestId = (1L << 53) - 1;

    /// <summary>Minimum interval in milliseconds: fifty events per second, more than a person can follow.</summary>
    private const int ShortestInterval = 20;

    /// <summary>
    /// <c>GET /live/events?count=&amp;interval=</c>: server-sent events (WHATWG HTML, section 9.2). The first event is sent immediately.
    /// <c>count</c> limits the number of events; without it, the stream is endless. <c>interval</c> is in milliseconds. HEAD returns only
    /// the headers.
    /// </summary>
    public static void MapEvents(this IEndpointRouteBuilder endpoints) =>
        endpoints.MapMethods("/live/events", [HttpMethods.Get, HttpMethods.Head], (
            HttpRequest request,
            [FromHeader(Name = "Last-Event-ID"), Range(0, LargestId)] long? lastEventId,
            CancellationToken cancellationToken,
            [Range(1, 1_000_000)] int? count = null,
            [Range(ShortestInterval, 60_000)] int interval = 1000) =>
            TypedResults.ServerSentEvents(
                Ticks(lastEventId ?? 0, HttpMethods.IsHead(request.Method) ? 0
                : count, TimeSpan.FromMilliseconds(interval), cancellationToken)))
        .WithWorkload("events").WithLimits(new() { Kind = RouteKind.Stream, BodyBytes = 0 });

    private static async IAsyncEnumerable<SseItem<Tick>> Ticks(
        long last, int? count, TimeSpan interval, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(interval);
        for (var sent = 0; count is null || sent < count; sent++)
        {
            if (sent > 0) await timer.WaitForNextTickAsync(cancellationToken);
            last++;
            yield return new SseItem<Tick>(new(last), "tick") { EventId = last.ToString(CultureInfo.InvariantCulture) };
        }
    }
}
