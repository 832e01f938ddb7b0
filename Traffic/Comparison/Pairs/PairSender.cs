using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Net;
using System.Security.Cryptography;
using Topology.Comparison.Targets;
using Topology.Comparison.Workloads;
using Topology.ServiceDefaults.Paths;

namespace Topology.Comparison.Pairs;

/// <summary>Sends one request on every path and compares the responses, in one trace with a child span for each path.</summary>
public sealed class PairSender : IDisposable
{
    public const string TelemetryName = "Topology.Traffic";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private static readonly ActivitySource Source = new(TelemetryName);
    private static readonly Meter Meter = new(TelemetryName);

    private static readonly Histogram<double> Duration = Meter.CreateHistogram<double>(
        "topology.request.duration", "s", "A request as the client sees it, for each path and workload.", null,
        new() { HistogramBucketBoundaries = [0.0005, 0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5] });

    // The dashboard draws one graph for all values of a tag, so each path has its own instrument.
    private static readonly Dictionary<string, Histogram<double>> Overheads =
        TopologyPath.All.Where(path => path != TopologyPath.Direct).ToDictionary(
        path => path,
        path => Meter.CreateHistogram<double>(
            $"topology.overhead.{path}", "s",
                $"What the path {path} adds to {TopologyPath.Direct} in the same pair; below 0 where it was faster.", null,
            new()
            {
                HistogramBucketBoundaries =
                [-0.005, -0.002, -0.001, -0.0005, 0, 0.00025, 0.0005, 0.001, 0.002, 0.003, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1]
            }));

    private readonly TargetMap _targets;
    private readonly StartedPaths? _started;
    private readonly HttpMessageInvoker _client;

    /// <summary>Creates a sender that reuses connections, so that a path's latency does not include connecting.</summary>
    /// <param name="targets">Where paths begin.</param>
    /// <param name="trust">Which certificates are trusted.</param>
    /// <param name="started">If given, paths that are not started yet are left out. Otherwise every path must respond.</param>
    public PairSender(TargetMap targets, PublicTrust trust, StartedPaths? started = null)
    {
        _targets = targets;
        _started = started;
        // No resilience handler: a retry would hide a path's failure.
        _client = new(new SocketsHttpHandler
        {
            SslOptions = targets.UsesTls ? trust.Options(null) : new(),
            AllowAutoRedirect = false,
            UseCookies = false,
            UseProxy = false,
            PooledConnectionIdleTimeout = TimeSpan.FromMinutes(1),
        });
    }

    /// <summary>Sends the workload's request on every path that serves it, one after the other in random order.</summary>
    public async Task<PairResult> SendAsync(Workload workload, CancellationToken cancellationToken)
    {
        var tls = workload.NeedsHttp2;
        string[] paths = _started is null
            ? [.. _targets.Paths.Where(path => _targets.Find(path, workload.Service, tls) is [_, ..])]
            : [.. await _started.ListAsync(_targets, workload.Service, tls, cancellationToken)];
        RandomNumberGenerator.Shuffle(paths.AsSpan());
        var request = workload.Create(RandomNumberGenerator.GetInt32(workload.Variants));

        var startedAt = DateTimeOffset.UtcNow;
        // Each pair is a separate trace, even if the caller has a span.
        Activity.Current = null;
        using var pair = Source.StartActivity($"pair {workload.Name}");
        pair?.SetTag(TopologyPath.WorkloadTag, workload.Name);
        var legs = new List<PairLeg>();
        foreach (var path in paths)
        {
            legs.Add(await SendAsync(workload, request, path, tls, cancellationToken));
        }

        RecordOverheads(workload, legs);
        var result = new PairResult(workload.Name, startedAt, pair is { Recorded: true } ? pair.TraceId.ToString() : null, legs);
        if (result.Difference is { } difference) pair?.SetStatus(ActivityStatusCode.Error, difference);
        return result;
    }

    /// <inheritdoc />
    public void Dispose() => _client.Dispose();

    private async Task<PairLeg> SendAsync(
        Workload workload, WorkloadRequest request, string path, bool tls, CancellationToken cancellationToken)
    {
        using var span = Source.StartActivity($"{workload.Name} {path}", ActivityKind.Client);
        span?.SetTag(TopologyPath.Tag, path);
        span?.SetTag(TopologyPath.WorkloadTag, workload.Name);

        var replicas = _targets.Find(path, workload.Service, tls);
        var address = new Uri(replicas[RandomNumberGenerator.GetInt32(replicas.Count)], request.Path);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(Patience);
        var started = Stopwatch.GetTimestamp();
        PairLeg leg;
        try
        {
            var (status, body, ended) = workload.Kind == WorkloadKind.Socket
                ? await EchoAsync(request, address, patience.Token)
                : await ExchangeAsync(workload, request, address, patience.Token);
            leg = new(path, Stopwatch.GetElapsedTime(started, ended), status, body.Length, workload.Digest(body), null);
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
        {
            // Any failure counts as the result of this path. The other paths continue.
            var error = exception is OperationCanceledException ? $"no response within {Patience.TotalSeconds:0} s"
                : exception.GetBaseException().Message;
            leg = new(path, Stopwatch.GetElapsedTime(started), 0, 0, 0, error);
            span?.SetStatus(ActivityStatusCode.Error, error);
            span?.SetTag("error.type", exception.GetType().FullName);
        }

        Record(workload, leg, span);
        return leg;
    }

    private static void Record(Workload workload, PairLeg leg, Activity? span)
    {
        var tags = new TagList { { TopologyPath.Tag, leg.Path }, { TopologyPath.WorkloadTag, workload.Name } };
        if (leg.Error is not null) tags.Add("error.type", "no_answer");
        else if (leg.Status != workload.ExpectedStatus)
        {
            tags.Add("error.type", leg.Status.ToString(System.Globalization.CultureInfo.InvariantCulture));
            span?.SetStatus(ActivityStatusCode.Error, $"The response's status is {leg.Status}.");
        }

        Duration.Record(leg.Duration.TotalSeconds, tags);
    }

    /// <summary>Records each path's difference from the direct path, if both responded successfully.</summary>
    private static void RecordOverheads(Workload workload, List<PairLeg> legs)
    {
        var answered =
            legs.Where(leg => leg.Error is null && leg.Status == workload.ExpectedStatus).ToDictionary(
            leg => leg.Path, leg => leg.Duration);
        if (!answered.TryGetValue(TopologyPath.Direct, out var direct)) return;
        foreach (var (path, duration) in answered)
        {
            if (path != TopologyPath.Direct)
            {
                Overheads[path].Record(
                    (duration - direct).TotalSeconds, new KeyValuePair<string, object?>(TopologyPath.WorkloadTag, workload.Name));
            }
        }
    }

    private async Task<(int Status, byte[] Body, long Ended)> ExchangeAsync(
        Workload workload, WorkloadRequest request, Uri address, CancellationToken cancellationToken)
    {
        using var message = new HttpRequestMessage(new(request.Method), address)
        {
            Version = workload.NeedsHttp2 ? HttpVersion.Version20 : HttpVersion.Version11,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        if (workload.IsKeyed) message.Headers.Add("Idempotency-Key", Guid.NewGuid().ToString("N"));
        if (request.ContentType is { } type)
        {
            message.Content = new ReadOnlyMemoryContent(request.Body) { Headers = { ContentType = new(type) } };
        }
        if (request.ContentType == GrpcWorkload.ContentType) message.Headers.TE.Add(new("trailers"));

        using var response = await _client.SendAsync(message, cancellationToken);
        await using var stream = await response.Content.ReadAsStreamAsync(cancellationToken);
        using var body = new MemoryStream();
        long? firstEvent = null;
        var buffer = new byte[16 * 1024];
        while (await stream.ReadAsync(buffer, cancellationToken) is > 0 and var read)
        {
            body.Write(buffer, 0, read);
            if (workload.Kind == WorkloadKind.FirstEvent && firstEvent is null
                && body.GetBuffer().AsSpan(0, (int)body.Length).IndexOf("\n\n"u8) >= 0)
            {
                firstEvent = Stopwatch.GetTimestamp();
            }
        }

        return ((int)response.StatusCode, body.ToArray(), firstEvent ?? Stopwatch.GetTimestamp());
    }

    private async Task<(int Status, byte[] Body, long Ended)> EchoAsync(
        WorkloadRequest request, Uri address, CancellationToken cancellationToken)
    {
        var (body, ended) = await WebSocketEcho.SendAsync(address, request, _client, cancellationToken);
        return (200, body, ended);
    }
}
