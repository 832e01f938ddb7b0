using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Topology.Ingress;

/// <summary>An HTTP port of the ingress.</summary>
/// <param name="Http2">Whether the replicas use HTTP/2.</param>
/// <param name="RedirectTo">The HTTPS port that requests are redirected to, if any.</param>
internal sealed record IngressPort(int Number, bool IsTls, bool Http2, int? RedirectTo, IngressReplicas Replicas)
{
    // Cleartext has no version negotiation, so each port has one HTTP version.
    public HttpProtocols Protocols => IsTls ? HttpProtocols.Http1AndHttp2 : Http2 ? HttpProtocols.Http2 : HttpProtocols.Http1;

    /// <summary>The ports of an entrance. They share one round-robin sequence.</summary>
    public static IEnumerable<IngressPort> Of(Entrance entrance)
    {
        var replicas = new IngressReplicas([.. entrance.Targets]);
        yield return new IngressPort(
            entrance.Cleartext, IsTls: false, entrance.Http2, entrance.RedirectsToTls ? entrance.Tls : null, replicas);
        if (entrance.Tls is { } tls) yield return new IngressPort(tls, IsTls: true, entrance.Http2, RedirectTo: null, replicas);
    }
}
