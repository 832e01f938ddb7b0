using Microsoft.AspNetCore.Http.Features;
using Yarp.ReverseProxy.Forwarder;

namespace Topology.Ingress;

/// <summary>
/// Forwards requests as Container Apps' Envoy does. Path and Host stay unchanged, and the client's address is appended to
/// <c>X-Forwarded-For</c>. <c>X-Forwarded-Proto</c> becomes this connection's scheme, even for requests between resources. All other
/// headers pass, including <c>X-Forwarded-Host</c> and <c>Forwarded</c> from the client, so services must not trust them.
/// </summary>
internal sealed class EnvoyHeaders : HttpTransformer
{
    private const string For = "X-Forwarded-For";
    private const string Proto = "X-Forwarded-Proto";

    private static readonly UriCreationOptions AsItCame = new() { DangerousDisablePathAndQueryCanonicalization = true };

    public override async ValueTask TransformRequestAsync(
        HttpContext httpContext, HttpRequestMessage proxyRequest, string destinationPrefix, CancellationToken cancellationToken)
    {
        await base.TransformRequestAsync(httpContext, proxyRequest, destinationPrefix, cancellationToken);
        if (httpContext.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget is ['/', ..] target)
            proxyRequest.RequestUri = new Uri(destinationPrefix + target, AsItCame);

        var client = $"{httpContext.Connection.RemoteIpAddress}";
        var before = httpContext.Request.Headers[For].ToString();
        Set(proxyRequest, For, before.Length == 0 ? client : $"{before},{client}");
        Set(proxyRequest, Proto, httpContext.Request.Scheme);
    }

    private static void Set(HttpRequestMessage request, string name, string value)
    {
        request.Headers.Remove(name);
        request.Headers.TryAddWithoutValidation(name, value);
    }
}
