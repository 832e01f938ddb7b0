using System.Diagnostics.Metrics;
using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Topology.Hardening.Listeners;

namespace Topology.Hardening.Refusals;

/// <summary>
/// Refuses requests, and lets an operator see it: a counter by reason, and a log line with the reason and the client's
/// address, which a ban list can be made of. Lines have a rate, so that who is refused cannot fill the disk; what is left
/// out is counted in the line that follows.
/// </summary>
internal sealed partial class RequestRefusals(IMeterFactory meters, ILogger<RequestRefusals> logger, TimeProvider time)
{
    /// <summary>The counter's name.</summary>
    public const string CounterName = "topology.requests.refused";

    private const int LinesPerSecond = 10;

    private readonly Counter<long> _refused = meters.Create(nameof(Topology)).CreateCounter<long>(
        CounterName, "{request}", "Requests that were refused on public listeners; the tag says why.");

    private readonly Lock _lock = new();
    private long _second;
    private int _lines;
    private long _leftOut;

    /// <summary>Answers a request that is refused, as problem details.</summary>
    /// <param name="context">The request.</param>
    /// <param name="status">The answer's status.</param>
    /// <param name="reason">A few words, one of a fixed number: the counter's tag.</param>
    /// <param name="detail">What the client is told.</param>
    public async Task AnswerAsync(HttpContext context, int status, string reason, string detail)
    {
        Note(context.Features, status, reason);
        context.Response.StatusCode = status;
        await context.RequestServices.GetRequiredService<IProblemDetailsService>()
            .TryWriteAsync(new() { HttpContext = context, ProblemDetails = { Status = status, Detail = detail } });
    }

    /// <summary>Counts and logs a request that is refused on a public listener.</summary>
    /// <param name="features">The request's, or what there is of a request that was never parsed.</param>
    /// <param name="status">The answer's status.</param>
    /// <param name="reason">The counter's tag.</param>
    /// <param name="detail">More of the reason, for the log; nothing that the client wrote.</param>
    public void Note(IFeatureCollection features, int status, string reason, string? detail = null)
    {
        if (features.Get<ListenerFeature>() is { Listener.IsPublic: false }) return;
        _refused.Add(1, new KeyValuePair<string, object?>("topology.reason", reason));
        if (MayLog(out var leftOut)) LogRefused(features.Get<IHttpConnectionFeature>()?.RemoteIpAddress, status, detail ?? reason, leftOut);
    }

    private bool MayLog(out long leftOut)
    {
        var second = time.GetTimestamp() / time.TimestampFrequency;
        lock (_lock)
        {
            if (second != _second) (_second, _lines) = (second, 0);
            if (_lines++ < LinesPerSecond)
            {
                (leftOut, _leftOut) = (_leftOut, 0);
                return true;
            }

            leftOut = ++_leftOut;
            return false;
        }
    }

    [LoggerMessage(LogLevel.Warning, "Refused {Client} with {Status}: {Reason} (and {LeftOut} more since the line before)")]
    private partial void LogRefused(IPAddress? client, int status, string reason, long leftOut);
}
