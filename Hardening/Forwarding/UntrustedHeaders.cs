using System.Collections.Frozen;
using Microsoft.AspNetCore.Http;
using Topology.Hardening.Tracing;

namespace Topology.Hardening.Forwarding;

/// <summary>The headers in which proxies describe the client.</summary>
public static class UntrustedHeaders
{
    /// <summary>RFC 7239's header, the de facto ones, and those of common proxies and platforms.</summary>
    public static IReadOnlyList<string> All { get; } = [
        "Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Prefix", "X-Forwarded-Port",
        "X-Forwarded-Scheme", "X-Forwarded-Server", "X-Forwarded-Client-Cert", "X-Real-IP", "X-Client-IP", "True-Client-IP",
        "X-Original-For", "X-Original-Host", "X-Original-Proto", "X-Original-Prefix", "X-Original-URL", "X-Rewrite-URL",
    ];

    /// <summary>Headers with these prefixes are removed too, because proxies and platforms add their own.</summary>
    private static readonly string[] Prefixes = ["X-Forwarded-", "X-Original-", "X-MS-CLIENT-", "X-B3-", "X-Datadog-", "X-Envoy-"];

    /// <summary>
    /// Fields that name or mark the request in traces and logs. When they are removed, a trusted client's trace context has already been
    /// read. The edge sends its own fields.
    /// </summary>
    private static readonly string[] Tracing = [
        "traceparent", "tracestate", TraceContextPropagation.KeyField, "baggage", "Correlation-Context", "Request-Id", "X-Request-Id",
            "X-Correlation-Id",
        "b3", "uber-trace-id", "sw8", "grpc-trace-bin", "grpc-tags-bin", "X-Cloud-Trace-Context", "X-Amzn-Trace-Id", "X-Ot-Span-Context",
    ];

    /// <summary>
    /// All headers that are removed by name: those above, and others that describe the client, its certificate or a proxy to use.
    /// </summary>
    private static readonly FrozenSet<string> Claims = new[]
    {
        "Front-End-Https", "X-Url-Scheme", "CF-Connecting-IP", "X-Cluster-Client-IP", "X-ProxyUser-IP", "X-Azure-ClientIP",
            "X-Azure-SocketIP",
        "X-ARR-ClientCert", "X-Client-Cert", "X-SSL-Client-Cert", "SSL-Client-Cert", "Client-Cert", "Client-Cert-Chain", "Proxy",
    }.Concat(All).Concat(Tracing).ToFrozenSet(StringComparer.OrdinalIgnoreCase);

    /// <summary>
    /// Whether a public listener removes the header. No proxy is in front of it, so the client itself sent the header, and nothing may read
    /// or forward it. Every name with "_" is removed too, because some programs treat "_" like "-", so the name could stand for another
    /// one. nginx and Envoy's edge drop these names too.
    /// </summary>
    internal static bool IsUntrusted(string name)
    {
        if (name.Contains('_', StringComparison.Ordinal) || Claims.Contains(name)) return true;
        if (name is not ['X' or 'x', ..]) return false;
        foreach (var prefix in Prefixes)
        {
            if (name.StartsWith(prefix, StringComparison.OrdinalIgnoreCase)) return true;
        }

        return false;
    }
}
