using System.IO.Hashing;
using System.Net;
using System.Security.Authentication;
using Topology.Comparison.Lanes;
using Topology.Comparison.Targets;
using Topology.Comparison.Workloads;

namespace Topology.Comparison.OwnTargets;

/// <summary>
/// Sends the request to every target before the measurement. A target that does not answer as expected ends it; what else differs
/// is only told, because the user knows whether it matters.
/// </summary>
public static class SamenessCheck
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private static readonly string[] Compared = ["Content-Type", "Content-Encoding", "Cache-Control"];

    /// <summary>What differs between the targets, in sentences.</summary>
    /// <param name="targets">The targets, the baseline first.</param>
    /// <param name="workload">The request.</param>
    /// <param name="http2">HTTP/2 instead of HTTP/1.1.</param>
    /// <param name="trust">Which certificates are trusted.</param>
    /// <param name="cancellationToken">Cancels the check.</param>
    /// <exception cref="ComparisonFailedException">A target does not answer, or not with the expected status.</exception>
    public static async Task<IReadOnlyList<string>> RunAsync(
        IReadOnlyList<OwnTarget> targets, Workload workload, bool http2, PublicTrust trust, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(targets);
        var answers = new List<Answer>();
        // The baseline is asked twice: what differs from itself cannot be compared with others.
        foreach (var target in targets.Prepend(targets[0]))
        {
            answers.Add(await AskAsync(target, workload, http2, trust, cancellationToken));
        }

        var (baseline, repeats) = (answers[0], answers[0].Digest == answers[1].Digest);
        string[] varying =
            repeats ? [] : [$"The body changes from request to request on {baseline.Name}, so bodies cannot be compared."];
        return [.. varying, .. answers.Skip(2).Select(answer => Describe(answer, baseline, repeats)).OfType<string>()];
    }

    private static string? Describe(Answer answer, Answer baseline, bool repeats)
    {
        List<string> parts = [];
        if (answer.Status != baseline.Status) parts.Add($"status {answer.Status} instead of {baseline.Status}");
        parts.AddRange(
            from field in answer.Fields.Zip(baseline.Fields, Compared)
            where field.First != field.Second
            select $"{field.Third} {field.First ?? "missing"} instead of {field.Second ?? "none"}");
        if (repeats && answer.Length != baseline.Length) parts.Add($"a body of {answer.Length} bytes instead of {baseline.Length}");
        else if (repeats && answer.Digest != baseline.Digest) parts.Add($"another body of the same {answer.Length} bytes");
        return parts.Count == 0 ? null : $"{answer.Name} answers differently from {baseline.Name}: {string.Join("; ", parts)}.";
    }

    private static async Task<Answer> AskAsync(
        OwnTarget target, Workload workload, bool http2, PublicTrust trust, CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(Patience);
        try
        {
            using var client = CountedConnection.Create(trust, target.Url, new(), http2);
            var request = workload.Create(0);
            using var message = HttpClientLane.Message(
                workload, request, HttpClientLane.Absolute(target.Url, request), http2 ? HttpVersion.Version20 : HttpVersion.Version11);
            using var response = await client.SendAsync(message, patience.Token);
            var status = (int)response.StatusCode;
            if (!workload.Accepts(status))
            {
                throw new ComparisonFailedException(
                    $"{target.Name} ({message.RequestUri}) returns status {status} instead of {workload.ExpectedText}"
                    + (response.Headers.Location is { } location ? $" and redirects to {location}, which is not followed" : "")
                    + "; correct the address or the request, or give the status with --expect.");
            }

            var body = await response.Content.ReadAsByteArrayAsync(patience.Token);
            return new(target.Name, status, body.Length, XxHash3.HashToUInt64(body), [.. Compared.Select(Field)]);

            string? Field(string name) =>
                response.Headers.TryGetValues(name, out var values) || response.Content.Headers.TryGetValues(name, out values)
                    ? string.Join(", ", values) : null;
        }
        catch (Exception exception) when (
            exception is not ComparisonFailedException && !cancellationToken.IsCancellationRequested)
        {
            var advice = exception.GetBaseException() is AuthenticationException
                ? " Name its authority with --cacert FILE or its name with --header 'Host: NAME', or trust any certificate with --insecure."
                : "";
            throw new ComparisonFailedException(
                $"{target.Name} ({target.Url}) does not respond: {Generator.Describe(exception).TrimEnd('.')}.{advice}", exception);
        }
    }

    private sealed record Answer(string Name, int Status, int Length, ulong Digest, IReadOnlyList<string?> Fields);
}
