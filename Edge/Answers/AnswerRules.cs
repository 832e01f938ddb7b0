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

        // RFC 9113 section 8.2.2: over HTTP/2, a response with a field of HTTP/1.1 connections is malformed.
        if (answer.Version.Major >= 2 && HasConnectionField(answer))
        {
            throw new HttpRequestException("The backend sent a field for HTTP/1.1 connections over HTTP/2.");
        }

        RemoveConnectionFields(answer, transform.HttpContext.Response.Headers);
        switch (answer.StatusCode)
        {
            // RFC 9110 section 7.8: the backend may switch only to a protocol that the request offered, and must say so in full.
            case HttpStatusCode.SwitchingProtocols when !IsUpgrade(transform.HttpContext)
                || !"websocket".Equals(answer.Headers.Upgrade.ToString(), StringComparison.OrdinalIgnoreCase)
                || !answer.Headers.Connection.Contains("Upgrade", StringComparer.OrdinalIgnoreCase):
                throw new HttpRequestException("The backend switched to a protocol that the request did not offer.");

            // The edge has already offered each protocol that it passes on, so the client cannot meet this demand.
            case HttpStatusCode.UpgradeRequired:
                throw new HttpRequestException("The backend demands a protocol that the edge does not pass on.");

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

    /// <summary>What <c>Connection</c> names is for the edge only, in trailers too (RFC 9110 section 7.6.1).</summary>
    public static ValueTask CheckTrailersAsync(ResponseTrailersTransformContext transform)
    {
        if (transform.ProxyResponse is { } answer
            && transform.HttpContext.Features.Get<IHttpResponseTrailersFeature>() is { Trailers: { IsReadOnly: false } trailers })
        {
            RemoveConnectionFields(answer, trailers);
        }

        return ValueTask.CompletedTask;
    }

    private static bool HasConnectionField(HttpResponseMessage answer)
    {
        foreach (var (name, _) in answer.Headers.NonValidated)
        {
            if (ConnectionFields.All.Contains(name)) return true;
        }

        return false;
    }

    private static void RemoveConnectionFields(HttpResponseMessage answer, IHeaderDictionary fields)
    {
        if (answer.Headers.TryGetValues("Connection", out var connection)) ConnectionFields.Remove(fields, connection.ToArray());
    }

    private static bool IsUpgrade(HttpContext context) =>
        context.Features.Get<IHttpExtendedConnectFeature>() is { IsExtendedConnect: true }
        || (context.Request.Headers.ContainsKey("Upgrade") && context.Features.Get<IHttpUpgradeFeature>() is { IsUpgradableRequest: true });
}
