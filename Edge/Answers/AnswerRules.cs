using System.Net;
using Microsoft.AspNetCore.Http.Features;
using Topology.Hardening.Upgrades;
using Yarp.ReverseProxy.Transforms;

namespace Topology.Edge.Answers;

/// <summary>
/// Rejects invalid backend responses before any part reaches the client. YARP treats the exception as a malformed response and
/// sends 502.
/// </summary>
internal static class AnswerRules
{
    public static ValueTask CheckAsync(ResponseTransformContext transform)
    {
        if (transform.ProxyResponse is not { } answer) return ValueTask.CompletedTask;
        if ((int)answer.StatusCode is < 100 or > 599)
        {
            throw new HttpRequestException("The backend sent an invalid HTTP status code.");
        }

        // RFC 9112 section 6.3: a transfer coding that the HTTP client has not decoded cannot be forwarded as content.
        if (answer.Headers.TryGetValues("Transfer-Encoding", out var codings)
            && (answer.Content.Headers.Contains("Content-Length") || codings.Count() != 1
                || !"chunked".Equals(codings.First(), StringComparison.OrdinalIgnoreCase)))
        {
            throw new HttpRequestException("The backend sent conflicting or unknown response framing.");
        }

        if (answer.Headers.TryGetValues("Connection", out var connection))
        {
            ConnectionFields.Remove(transform.HttpContext.Response.Headers, connection.ToArray());
        }
        switch (answer.StatusCode)
        {
            // RFC 9110 section 7.8: the backend may switch only to a protocol that the request offered.
            case HttpStatusCode.SwitchingProtocols when !IsUpgrade(transform.HttpContext)
                || !answer.Headers.Upgrade.Any(protocol => protocol.Name.Equals("websocket", StringComparison.OrdinalIgnoreCase)):
                throw new HttpRequestException("The backend switched to a protocol that the request did not offer.");

            // RFC 9110 sections 8.6 and 15.3.6: these responses have no content. A Content-Length of 0 is redundant and removed.
            case HttpStatusCode.NoContent or HttpStatusCode.ResetContent:
                if (answer.Content.Headers.ContentLength > 0)
                {
                    throw new HttpRequestException("The backend sent a Content-Length for a response without content.");
                }
                transform.HttpContext.Response.ContentLength = null;
                transform.SuppressResponseBody = true;
                break;
        }

        return ValueTask.CompletedTask;
    }

    private static bool IsUpgrade(HttpContext context) =>
        context.Features.Get<IHttpExtendedConnectFeature>() is { IsExtendedConnect: true }
        || (context.Request.Headers.ContainsKey("Upgrade") && context.Features.Get<IHttpUpgradeFeature>() is { IsUpgradableRequest: true });
}
