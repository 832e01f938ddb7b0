using System.Net;
using Topology.Comparison.Workloads;
using Topology.ServiceDefaults.Paths;

namespace Topology.Claims.Lab;

/// <summary>One route for a workload's request.</summary>
/// <param name="Path">The name of the path.</param>
/// <param name="Address">The first address on the route.</param>
/// <param name="Version">The exact HTTP version.</param>
internal sealed record RequestRoute(string Path, Uri Address, Version Version)
{
    /// <summary>Whether the first connection uses TLS.</summary>
    public bool IsTls => Address.Scheme == Uri.UriSchemeHttps;

    /// <summary>The protocol of the first connection, for display.</summary>
    public string Protocol(Workload workload)
    {
        var name = workload.Kind == WorkloadKind.Socket ? "WebSocket" : Version == HttpVersion.Version20 ? "HTTP/2" : "HTTP/1.1";
        return IsTls ? $"{name} with TLS" : name;
    }
}

/// <summary>The routes that must give identical responses.</summary>
internal static class RequestRoutes
{
    /// <summary>
    /// The routes to a workload, in groups. In the lab: every replica and every proxy, without TLS, and with TLS and HTTP/2.
    /// Behind an ingress: the service's internal address and the edge's public one.
    /// </summary>
    public static IEnumerable<IReadOnlyList<RequestRoute>> To(ClaimLab lab, Workload workload)
    {
        if (lab.IsCloud) return [BehindIngress(lab, workload)];
        return from tls in (bool[])[false, true]
               where tls || !workload.NeedsHttp2
               select (IReadOnlyList<RequestRoute>)[.. lab.Targets.Paths.SelectMany(path => Of(lab, path, workload, tls))];
    }

    /// <summary>
    /// The request that all routes to a workload get. An ingress does not pass on gRPC trailers, so gRPC is sent as gRPC-Web there.
    /// </summary>
    public static WorkloadRequest Request(ClaimLab lab, Workload workload)
    {
        var request = workload.Create(0);
        return lab.IsCloud && workload.NeedsHttp2 ? request with { ContentType = "application/grpc-web" } : request;
    }

    private static RequestRoute[] BehindIngress(ClaimLab lab, Workload workload)
    {
        // A port without TLS supports only one protocol, so gRPC has a separate service, live-grpc. Replicas share an address, so each
        // address is used once.
        var direct = workload.NeedsHttp2
            ? [new(TopologyPath.Direct, lab.Url("live-grpc", "http"), HttpVersion.Version20)]
            : Of(lab, TopologyPath.Direct, workload, tls: false).DistinctBy(route => route.Address);
        RequestRoute[] proxied = [.. lab.Proxies.SelectMany(proxy => Of(lab, proxy.Name, workload, tls: false))];
        var overHttp2 = workload.Kind == WorkloadKind.Socket ? [] : proxied.Select(route => route with { Version = HttpVersion.Version20 });
        return [.. direct, .. proxied, .. overHttp2];
    }

    private static IEnumerable<RequestRoute> Of(ClaimLab lab, string path, Workload workload, bool tls) =>
        lab.Targets.Find(path, workload.Service, tls)
            .Select(address => new RequestRoute(path, address, tls ? HttpVersion.Version20 : HttpVersion.Version11));
}
