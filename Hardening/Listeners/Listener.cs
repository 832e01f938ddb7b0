using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Topology.Hardening.Listeners;

/// <summary>One address that a service listens on. The name shows who may reach it and which protocol it uses.</summary>
/// <param name="Name">The endpoint's name in the composition, in service discovery and in <c>Topology:Listeners</c>.</param>
/// <param name="IsPublic">Whether the public can reach it. Nothing that such clients claim about themselves is trusted.</param>
/// <param name="Protocols">
/// The HTTP versions offered. Cleartext listeners offer one: without ALPN, Kestrel cannot distinguish HTTP/2 from HTTP/1.1.
/// </param>
/// <param name="IsTls">Whether connections are encrypted.</param>
public sealed record Listener(string Name, bool IsPublic, HttpProtocols Protocols, bool IsTls)
{
    /// <summary>
    /// Whether a platform's ingress is in front of this listener. It terminates TLS and forwards the client's address and scheme. Only
    /// these two are trusted, and only from configured proxies.
    /// </summary>
    public bool IsBehindIngress { get; private init; }

    /// <summary>HTTP/1.1 for the public: the edge-direct exposure.</summary>
    public static readonly Listener Http = new("http", IsPublic: true, HttpProtocols.Http1, IsTls: false);

    /// <summary>TLS for the public, with HTTP/1.1, HTTP/2 and, where QUIC is supported, HTTP/3.</summary>
    public static readonly Listener Https = new("https", IsPublic: true, HttpProtocols.Http1AndHttp2AndHttp3, IsTls: true);

    /// <summary>HTTP/1.1 in cleartext for the public, behind the ingress of a platform such as Azure Container Apps.</summary>
    public static readonly Listener Ingress = new("ingress", IsPublic: true, HttpProtocols.Http1, IsTls: false) { IsBehindIngress = true };

    /// <summary>HTTP/1.1 in cleartext, for proxies, peers and management.</summary>
    public static readonly Listener Internal = new("internal", IsPublic: false, HttpProtocols.Http1, IsTls: false);

    /// <summary>HTTP/2 in cleartext with prior knowledge, for proxies and peers.</summary>
    public static readonly Listener InternalHttp2 = new("internal-h2", IsPublic: false, HttpProtocols.Http2, IsTls: false);

    /// <summary>TLS with a certificate of the local authority; a client certificate of the same authority is required.</summary>
    public static readonly Listener InternalTls = new("internal-tls", IsPublic: false, HttpProtocols.Http1AndHttp2, IsTls: true);

    /// <summary>Every listener a service can have.</summary>
    public static IReadOnlyList<Listener> All { get; } = [Http, Https, Ingress, Internal, InternalHttp2, InternalTls];
}
