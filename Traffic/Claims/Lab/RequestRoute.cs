using System.Net;
using Topology.Comparison.Workloads;
using Topology.ServiceDefaults.Paths;

namespace Topology.Claims.Lab;

/// <summary>One way on which a workload's request can be sent.</summary>
/// <param name="Path">The path that it takes.</param>
/// <param name="Address">Where it begins.</param>
/// <param name="Version">The HTTP version, and no other.</param>
internal sealed record RequestRoute(string Path, Uri Address, Version Version)
{
    /// <summary>Whether it is secured from its beginning.</summary>
    public bool IsTls => Address.Scheme == Uri.UriSchemeHttps;

    /// <summary>What is spoken at its beginning, for people.</summary>
    public string Protocol(Workload workload)
    {
        var name = workload.Kind == WorkloadKind.Socket ? "WebSocket" : Version == HttpVersion.Version20 ? "HTTP/2" : "HTTP/1.1";
        return IsTls ? $"{name} with TLS" : name;
    }
}

/// <summary>The ways to workloads that must give the same.</summary>
internal static class RequestRoutes
{
    /// <summary>
    /// The ways to a workload, in groups. In the lab, every replica and every proxy: without TLS, and with TLS and HTTP/2.
    /// Behind an ingress: the service's address inside, and the edge's outside.
    /// </summary>
    public static IEnumerable<IReadOnlyList<RequestRoute>> To(ClaimLab lab, Workload workload)
    {
        if (lab.IsCloud) return [BehindIngress(lab, workload)];
        return from tls in (bool[])[false, true]
               where tls || !workload.NeedsHttp2
               select (IReadOnlyList<RequestRoute>)[.. lab.Targets.Paths.SelectMany(path => Of(lab, path, workload, tls))];
    }

    /// <summary>A workload's request as all of them can take it: an ingress has no trailers for gRPC, which is gRPC-Web then.</summary>
    public static WorkloadRequest Request(ClaimLab lab, Workload workload)
    {
        var request = workload.Create(0);
        return lab.IsCloud && workload.NeedsHttp2 ? request with { ContentType = "application/grpc-web" } : request;
    }

    private static RequestRoute[] BehindIngress(ClaimLab lab, Workload workload)
    {
        // A port without TLS speaks one protocol, so gRPC has a service of its own there. Replicas share an address.
        var inside = workload.NeedsHttp2
            ? [new(TopologyPath.Direct, lab.Url("live-grpc", "http"), HttpVersion.Version20)]
            : Of(lab, TopologyPath.Direct, workload, tls: false).DistinctBy(way => way.Address);
        RequestRoute[] outside = [.. lab.Proxies.SelectMany(proxy => Of(lab, proxy.Name, workload, tls: false))];
        var again = workload.Kind == WorkloadKind.Socket ? [] : outside.Select(way => way with { Version = HttpVersion.Version20 });
        return [.. inside, .. outside, .. again];
    }

    private static IEnumerable<RequestRoute> Of(ClaimLab lab, string path, Workload workload, bool tls) =>
        lab.Targets.Find(path, workload.Service, tls)
            .Select(address => new RequestRoute(path, address, tls ? HttpVersion.Version20 : HttpVersion.Version11));
}
