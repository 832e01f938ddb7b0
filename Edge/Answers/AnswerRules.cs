using System.Net;
using Microsoft.AspNetCore.Http.Features;
using Topology.Hardening.Upgrades;
using Yarp.ReverseProxy.Transforms;

namespace Topology.Edge.Answers;

/// <summary>
/// Refuses what a backend may not answer, before anything of it has gone to the client. YARP takes an exception here
/// for a malformed answer and sends 502.
/// </summary>
internal static class AnswerRules
{
    public static ValueTask CheckAsync(ResponseTransformContext transform)
    {
        if (transform.ProxyResponse is not { } answer) return ValueTask.CompletedTask;
        if ((int)answer.StatusCode is < 100 or > 599)
        {
            throw new HttpRequestException("The backend answered with a status that HTTP does not have.");
        }

        // RFC 9112 section 6.3: what the HTTP client has not undone cannot be passed on as if it were the content itself.
        if (answer.Headers.TryGetValues("Transfer-Encoding", out var codings)
            && (answer.Content.Headers.Contains("Content-Length") || codings.Count() != 1
                || !"chunked".Equals(codings.First(), StringComparison.OrdinalIgnoreCase)))
        {
            throw new HttpRequestException("The backend framed its answer in two ways, or in one that is not known here.");
        }

        if (answer.Headers.TryGetValues("Connection", out var connection))
        {
            ConnectionFields.Remove(transform.HttpContext.Response.Headers, connection.ToArray());
        }
        switch (answer.StatusCode)
        {
            // RFC 9110 section 7.8: only to a protocol that the request offered, and by its name.
            case HttpStatusCode.SwitchingProtocols when !IsUpgrade(transform.HttpContext)
                || !answer.Headers.Upgrade.Any(protocol => protocol.Name.Equals("websocket", StringComparison.OrdinalIgnoreCase)):
                throw new HttpRequestException("The backend changed to a protocol that was not offered.");

            // RFC 9110 sections 8.6 and 15.3.6: neither has content. A length of 0 says so, and is left out.
            case HttpStatusCode.NoContent or HttpStatusCode.ResetContent:
                if (answer.Content.Headers.ContentLength > 0)
                {
                    throw new HttpRequestException("The backend gave a length to an answer that has no content.");
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
