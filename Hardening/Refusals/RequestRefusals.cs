using System.Diagnostics.Metrics;
using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Topology.Hardening.Listeners;

namespace Topology.Hardening.Refusals;

/// <summary>
/// Refuses requests and reports them to operators: a counter by reason, and a log line with the reason and the client's address, which a
/// ban list can use. The log rate is limited, so that refused clients cannot fill the disk; the next line counts the omitted ones.
/// </summary>
internal sealed partial class RequestRefusals(IMeterFactory meters, ILogger<RequestRefusals> logger, TimeProvider time)
{
    /// <summary>The counter's name.</summary>
    public const string CounterName = "topology.requests.refused";

    private const int LinesPerSecond = 10;

    private readonly Counter<long> _refused = meters.Create(nameof(Topology)).CreateCounter<long>(
        CounterName, "{request}", "Requests refused on public listeners; the tag gives the reason.");

    private readonly Lock _lock = new();
    private long _second;
    private int _lines;
    private long _leftOut;

    /// <summary>Refuses a request with problem details.</summary>
    /// <param name="context">The request.</param>
    /// <param name="status">The response status.</param>
    /// <param name="reason">The counter's tag, one of a fixed set of short texts.</param>
    /// <param name="detail">The explanation for the client.</param>
    public async Task AnswerAsync(HttpContext context, int status, string reason, string detail)
    {
        Note(context.Features, status, reason);
        context.Response.StatusCode = status;
        await context.RequestServices.GetRequiredService<IProblemDetailsService>()
            .TryWriteAsync(new() { HttpContext = context, ProblemDetails = { Status = status, Detail = detail } });
    }

    /// <summary>Counts and logs a request that is refused on a public listener.</summary>
    /// <param name="features">The features of the request, or of the connection if no request was parsed.</param>
    /// <param name="status">The response status.</param>
    /// <param name="reason">The counter's tag.</param>
    /// <param name="detail">A longer reason for the log. It must not contain client input.</param>
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

    [LoggerMessage(LogLevel.Warning, "Refused {Client} with {Status}: {Reason} (and {LeftOut} more since the previous line)")]
    private partial void LogRefused(IPAddress? client, int status, string reason, long leftOut);
}
