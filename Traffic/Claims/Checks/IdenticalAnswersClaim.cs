using System.Net;
using Topology.Claims.Lab;
using Topology.Comparison.Pairs;
using Topology.Comparison.Workloads;
using Topology.ServiceDefaults.Paths;

namespace Topology.Claims.Checks;

/// <summary>A proxy does not change responses.</summary>
public sealed class IdenticalAnswersClaim : Claim
{
    /// <summary>
    /// Fields that may differ: the time, the server, fields of a single hop (RFC 9110 sections 6.6.1, 7.6 and 10.2.4), and that hop's
    /// HTTP/3 address (RFC 7838).
    /// </summary>
    private static readonly string[] PerHop = ["Date", "Server", "Via", "Connection", "Keep-Alive", "Transfer-Encoding", "Alt-Svc"];

    /// <summary>
    /// Headers that the outermost server sets for its clients. Our own programs must agree; other proxies have their own policy.
    /// </summary>
    private static readonly string[] OutermostHeaders =
        ["Content-Security-Policy", "Cross-Origin-Resource-Policy", "Referrer-Policy", "X-Content-Type-Options", "X-Frame-Options",
            "Strict-Transport-Security"];

    /// <inheritdoc />
    public override string Id => "identical-answers";

    /// <inheritdoc />
    public override string Source => "What a comparison needs to be fair";

    /// <inheritdoc />
    public override string Sentence =>
        "Every workload gets the same response directly and through a proxy: status, header fields and body, byte for byte.";

    /// <inheritdoc />
    public override string Method =>
        $"Sent each workload's request to every replica and through every proxy, over HTTP/1.1, and over HTTP/2 with TLS, and compared "
            + $"the responses with the first. All header fields count except {string.Join(", ", PerHop)}, and security headers where the "
            + $"outermost server is not one of ours. Behind a platform's ingress, the routes are the service's internal address, and the "
            + "edge's public one over HTTP/1.1 and HTTP/2, with gRPC as gRPC-Web. Each order has its own id, number and time: POST "
            + "responses are compared without them, and then the same stored order is read on every path.";

    /// <inheritdoc />
    public override async Task CheckAsync(ClaimLab lab, Evidence evidence, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(lab);
        ArgumentNullException.ThrowIfNull(evidence);
        foreach (var workload in WorkloadCatalog.All)
        {
            var compared = new List<string>();
            var faults = new List<string>();
            foreach (var routes in RequestRoutes.To(lab, workload))
            {
                var (fault, seen) = await CompareAsync(lab, workload, routes, cancellationToken);
                faults.AddRange(fault);
                compared.Add(seen);
            }

            evidence.Expect(faults.Count == 0 && compared.All(seen => seen.Length > 0), faults.Count == 0
                ? $"{workload.Name}: {string.Join("; ", compared)}"
                : $"{workload.Name}: {string.Join(", ", faults)}");
        }

        if (lab.Proxies.Where(proxy => !IsOurs(proxy.Name)).Select(proxy => proxy.Name).ToArray() is { Length: > 0 } others)
        {
            evidence.Note($"security headers are compared only between our own programs, not at {string.Join(", ", others)}");
        }

        if (lab.IsCloud)
        {
            evidence.Note("security headers are set by the edge, and not compared with the internal network");
        }
    }

    private static async Task<(List<string> Faults, string Seen)> CompareAsync(
        ClaimLab lab, Workload workload, IReadOnlyList<RequestRoute> routes, CancellationToken cancellationToken)
    {
        var faults = new List<string>();
        if (routes.Count < 2) return (["there are fewer than two routes to compare"], "");
        Answer? first = null;
        Answer? firstStored = null;
        foreach (var route in routes)
        {
            using var caller = lab.Call(route.Address);
            var answer = await AskAsync(caller, route, lab, workload, cancellationToken);
            var stored = workload.IsKeyed ? await StoredAsync(caller, ref first, answer, route.Version, cancellationToken) : null;
            first ??= answer;
            firstStored ??= stored;
            var name = $"{route.Path}{(route.IsTls ? " with TLS" : "")}";
            // In the cloud, some routes use only the internal network, where no server adds the headers of an outermost server.
            var isOurs = IsOurs(route.Path) && !lab.IsCloud;
            if (Difference(first, answer, workload, isOurs) is { } difference) faults.Add($"{name}: {difference}");
            if (stored is not null && Difference(firstStored!, stored, null, isOurs) is { } otherwise)
            {
                faults.Add($"{name}, read again: {otherwise}");
            }
        }

        return (faults,
            $"{routes.Count} routes over {string.Join(" and ", routes.Select(route => route.Protocol(workload)).Distinct())} give "
            + $"{first!.Status}, {first.Body.Length} bytes, "
            + $"{first.Headers.Count(header => !PerHop.Contains(header.Name, StringComparer.OrdinalIgnoreCase))} fields");
    }

    private static async Task<Answer> AskAsync(
        Caller caller, RequestRoute route, ClaimLab lab, Workload workload, CancellationToken cancellationToken)
    {
        var request = RequestRoutes.Request(lab, workload);
        return workload.Kind == WorkloadKind.Socket
            ? await EchoAsync(route.Address, lab, request, cancellationToken)
            : await caller.SendAsync(request, cancellationToken, workload.IsKeyed, route.Version);
    }

    /// <summary>Reads the order that the first route stored: all routes must return it unchanged.</summary>
    private static Task<Answer> StoredAsync(
        Caller caller, ref Answer? first, Answer answer, Version version, CancellationToken cancellationToken) =>
        OrdersWorkload.OrderId((first ?? answer).Body) is { } id
            ? caller.SendAsync($"/orders/{id}", cancellationToken, version: version)
            : throw new InvalidOperationException($"the response {answer.Status} to an order has no id");

    private static async Task<Answer> EchoAsync(Uri address, ClaimLab lab, WorkloadRequest request, CancellationToken cancellationToken)
    {
        // The address may be 127.0.0.1, so check the certificate against the name that it contains.
        var tls = address.Scheme == Uri.UriSchemeHttps ? lab.Trust.Options("localhost") : new();
        using var client = new HttpMessageInvoker(new SocketsHttpHandler { UseProxy = false, SslOptions = tls });
        var (body, _) = await WebSocketEcho.SendAsync(new Uri(address, request.Path), request, client, cancellationToken);
        return new(101, HttpVersion.Version11, [], body, null);
    }

    /// <summary>Describes how two responses differ; null if they do not.</summary>
    /// <param name="first">The expected response.</param>
    /// <param name="answer">The response to compare.</param>
    /// <param name="workload">The workload whose digest leaves out content that varies between responses; null compares bytes.</param>
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
                   && (isOurs || !OutermostHeaders.Contains(field.Name, StringComparer.OrdinalIgnoreCase))
               select id is null ? field : (field.Name, field.Value.Replace(id, "{id}", StringComparison.OrdinalIgnoreCase)),
        ];
    }

    private static bool IsOurs(string path) => path == TopologyPath.Direct || path.StartsWith("edge", StringComparison.Ordinal);
}
