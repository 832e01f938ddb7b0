using Microsoft.AspNetCore.Http;

namespace Topology.ServiceDefaults.Exposure;

/// <summary>The headers by which proxies tell of the client.</summary>
public static class ForwardedHeaderNames
{
    /// <summary>RFC 7239's header and the de facto ones, with those that common proxies and platforms add.</summary>
    public static IReadOnlyList<string> All { get; } =
    [
        "Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Prefix", "X-Forwarded-Port",
        "X-Forwarded-Scheme", "X-Forwarded-Server", "X-Forwarded-Client-Cert", "X-Real-IP", "X-Client-IP", "True-Client-IP",
        "X-Original-For", "X-Original-Host", "X-Original-Proto", "X-Original-Prefix", "X-Original-URL", "X-Rewrite-URL",
    ];

    /// <summary>
    /// On a public listener nobody stands in front of this service, so every header that claims otherwise is a client's
    /// invention and is dropped before anything can read or forward it.
    /// </summary>
    internal static void Remove(IHeaderDictionary headers)
    {
        foreach (var name in All)
        {
            headers.Remove(name);
        }
    }
}
