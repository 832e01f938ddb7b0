using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Topology.Ingress;

/// <summary>A port of the ingress on which it speaks HTTP.</summary>
/// <param name="Http2">What the replicas speak.</param>
/// <param name="RedirectTo">The port of HTTPS, where clients have to use that.</param>
internal sealed record IngressPort(int Number, bool IsTls, bool Http2, int? RedirectTo, RoundRobin Replicas)
{
    // Without TLS nothing negotiates the version, so a port has one.
    public HttpProtocols Protocols => IsTls ? HttpProtocols.Http1AndHttp2 : Http2 ? HttpProtocols.Http2 : HttpProtocols.Http1;

    /// <summary>The ports of an entrance; the replicas take turns over all of them.</summary>
    public static IEnumerable<IngressPort> Of(Entrance entrance)
    {
        var replicas = new RoundRobin([.. entrance.Targets]);
        yield return new IngressPort(
            entrance.Cleartext, IsTls: false, entrance.Http2, entrance.RedirectsToTls ? entrance.Tls : null, replicas);
        if (entrance.Tls is { } tls) yield return new IngressPort(tls, IsTls: true, entrance.Http2, RedirectTo: null, replicas);
    }
}
