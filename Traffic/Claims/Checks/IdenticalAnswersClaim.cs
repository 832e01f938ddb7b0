using System.Net;
using Topology.Claims.Lab;
using Topology.Comparison.Pairs;
using Topology.Comparison.Workloads;
using Topology.ServiceDefaults.Paths;

namespace Topology.Claims.Checks;

/// <summary>A proxy changes nothing of what is answered.</summary>
public sealed class IdenticalAnswersClaim : Claim
{
    /// <summary>
    /// What may differ: when and by whom it was answered, how one hop frames it (RFC 9110 sections 6.6.1, 7.6 and 10.2.4),
    /// and where that hop takes HTTP/3 (RFC 7838).
    /// </summary>
    private static readonly string[] PerHop = ["Date", "Server", "Via", "Connection", "Keep-Alive", "Transfer-Encoding", "Alt-Svc"];

    /// <summary>
    /// What the outermost server sets for its clients. Our own programs have to agree; another proxy's are its administrator's.
    /// </summary>
    private static readonly string[] OfTheOutermost =
        ["Content-Security-Policy", "Cross-Origin-Resource-Policy", "Referrer-Policy", "X-Content-Type-Options", "X-Frame-Options",
            "Strict-Transport-Security"];

    /// <inheritdoc />
    public override string Id => "identical-answers";

    /// <inheritdoc />
    public override string Source => "What a comparison needs to be fair";

    /// <inheritdoc />
    public override string Sentence =>
        "Direct and proxied, every workload is answered alike: status, header fields and body, byte for byte.";

    /// <inheritdoc />
    public override string Done =>
        $"Sent each workload's request to every replica and through every proxy, over HTTP/1.1, and over HTTP/2 with TLS, and compared "
            + $"with the first answer. Header fields count apart from {string.Join(", ", PerHop)}, and security headers where the "
            + $"outermost server is not one of ours. Behind a platform's ingress the ways are the service's address inside, and the edge's "
            + $"outside over HTTP/1.1 and HTTP/2, with gRPC as gRPC-Web. An order has an id, a number and a time of its own: the POST is "
            + $"compared without them, and then the same stored order is read on every path.";

    /// <inheritdoc />
    public override async Task CheckAsync(ClaimLab lab, Evidence evidence, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(lab);
        ArgumentNullException.ThrowIfNull(evidence);
        foreach (var workload in WorkloadCatalog.All)
        {
            var compared = new List<string>();
            var faults = new List<string>();
            foreach (var ways in RequestRoutes.To(lab, workload))
            {
                var (fault, seen) = await CompareAsync(lab, workload, ways, cancellationToken);
                faults.AddRange(fault);
                compared.Add(seen);
            }

            evidence.Expect(faults.Count == 0 && compared.All(seen => seen.Length > 0), faults.Count == 0
                ? $"{workload.Name}: {string.Join("; ", compared)}"
                : $"{workload.Name}: {string.Join(", ", faults)}");
        }

        if (lab.Proxies.Where(proxy => !IsOurs(proxy.Name)).Select(proxy => proxy.Name).ToArray() is { Length: > 0 } others)
        {
            evidence.Note($"security headers are compared between ours only, not at {string.Join(", ", others)}");
        }

        if (lab.IsCloud)
        {
            evidence.Note("security headers are the edge's, and not compared with the inside, where nothing of the public's answers");
        }
    }

    private static async Task<(List<string> Faults, string Seen)> CompareAsync(
        ClaimLab lab, Workload workload, IReadOnlyList<RequestRoute> ways, CancellationToken cancellationToken)
    {
        var faults = new List<string>();
        if (ways.Count < 2) return (["there are fewer than two ways to it"], "");
        Answer? first = null;
        Answer? firstStored = null;
        foreach (var way in ways)
        {
            using var caller = lab.Call(way.Address);
            var answer = await AskAsync(caller, way, lab, workload, cancellationToken);
            var stored = workload.IsKeyed ? await StoredAsync(caller, ref first, answer, way.Version, cancellationToken) : null;
            first ??= answer;
            firstStored ??= stored;
            var name = $"{way.Path}{(way.IsTls ? " with TLS" : "")}";
            // Inside there is no outermost server to agree with.
            var isOurs = IsOurs(way.Path) && !lab.IsCloud;
            if (Difference(first, answer, workload, isOurs) is { } difference) faults.Add($"{name}: {difference}");
            if (stored is not null && Difference(firstStored!, stored, null, isOurs) is { } otherwise)
            {
                faults.Add($"{name}, read again: {otherwise}");
            }
        }

        return (faults,
            $"{ways.Count} ways over {string.Join(" and ", ways.Select(way => way.Protocol(workload)).Distinct())} give {first!.Status}, "
            + $"{first.Body.Length} bytes, "
            + $"{first.Headers.Count(header => !PerHop.Contains(header.Name, StringComparer.OrdinalIgnoreCase))} fields");
    }

    private static async Task<Answer> AskAsync(
        Caller caller, RequestRoute way, ClaimLab lab, Workload workload, CancellationToken cancellationToken)
    {
        var request = RequestRoutes.Request(lab, workload);
        return workload.Kind == WorkloadKind.Socket
            ? await EchoAsync(way.Address, lab, request, cancellationToken)
            : await caller.SendAsync(request, cancellationToken, workload.IsKeyed, way.Version);
    }

    /// <summary>Reads the order that the first way stored, so that there is one answer that every way must give whole.</summary>
    private static Task<Answer> StoredAsync(
        Caller caller, ref Answer? first, Answer answer, Version version, CancellationToken cancellationToken) =>
        OrdersWorkload.OrderId((first ?? answer).Body) is { } id
            ? caller.SendAsync($"/orders/{id}", cancellationToken, version: version)
            : throw new InvalidOperationException($"the answer {answer.Status} to an order has no id");

    private static async Task<Answer> EchoAsync(Uri address, ClaimLab lab, WorkloadRequest request, CancellationToken cancellationToken)
    {
        // The address may be 127.0.0.1; certificates are checked against the name that they have.
        var tls = address.Scheme == Uri.UriSchemeHttps ? lab.Trust.Options("localhost") : new();
        using var client = new HttpMessageInvoker(new SocketsHttpHandler { UseProxy = false, SslOptions = tls });
        var (body, _) = await WebSocketEcho.SendAsync(new Uri(address, request.Path), request, client, cancellationToken);
        return new(101, HttpVersion.Version11, [], body, null);
    }

    /// <summary>What differs between two answers, for people; null where nothing does.</summary>
    /// <param name="first">The answer compared with.</param>
    /// <param name="answer">The other one.</param>
    /// <param name="workload">The workload whose digest leaves out what is an answer's own; null compares bytes.</param>
    /// <param name="isOurs">Whether the outermost server is a program of the topology.</param>
    internal static string? Difference(Answer first, Answer answer, Workload? workload, bool isOurs = true)
    {
        if (first.Status != answer.Status) return $"status {answer.Status} instead of {first.Status}";
        var (expected, actual) = (Fields(first, workload, isOurs), Fields(answer, workload, isOurs));
        if (expected.Except(actual).Concat(actual.Except(expected)).Select(field => field.Name).Distinct().ToArray() is { Length: > 0 }
            fields)
        {
            return $"the fields {string.Join(", ", fields)} differ "
                + $"({string.Join(", ", actual.Where(field => fields.Contains(field.Name)).Select(field => field.Value))})";
        }

        var isSame = workload is { IsKeyed: true } ? workload.Digest(first.Body) == workload.Digest(answer.Body)
            : first.Body.AsSpan().SequenceEqual(answer.Body);
        return isSame ? null : $"the bodies of {first.Body.Length} and {answer.Body.Length} bytes differ";
    }

    private static (string Name, string Value)[] Fields(Answer answer, Workload? workload, bool isOurs)
    {
        var id = workload is { IsKeyed: true } ? OrdersWorkload.OrderId(answer.Body)?.ToString() : null;
        return
        [
            .. from field in answer.Headers
               where !PerHop.Contains(field.Name, StringComparer.OrdinalIgnoreCase)
                   && (isOurs || !OfTheOutermost.Contains(field.Name, StringComparer.OrdinalIgnoreCase))
               select id is null ? field : (field.Name, field.Value.Replace(id, "{id}", StringComparison.OrdinalIgnoreCase)),
        ];
    }

    private static bool IsOurs(string path) => path == TopologyPath.Direct || path.StartsWith("edge", StringComparison.Ordinal);
}
