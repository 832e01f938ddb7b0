using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Mvc;
using Topology.Hardening.Limits;
using Topology.ServiceDefaults.Paths;

namespace Topology.Live.Events;

/// <summary>One event.</summary>
/// <param name="Sequence">From 1 on; also the event's id, from which a client that reconnects goes on.</param>
public sealed record Tick(long Sequence);

internal static class EventEndpoints
{
    /// <summary>The largest integer that every reader of JSON knows exactly, 2^53 - 1 (RFC 8259 section 6).</summary>
    private const long LargestId = (1L << 53) - 1;

    /// <summary>In milliseconds: fifty events a second are more than a person can follow.</summary>
    private const int ShortestInterval = 20;

    /// <summary>
    /// <c>GET /live/events?count=&amp;interval=</c>: server-sent events (WHATWG HTML, section 9.2), the first one at once;
    /// <c>count</c> of them, or without end; <c>interval</c> in milliseconds. To HEAD, what would be sent before the first one.
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
