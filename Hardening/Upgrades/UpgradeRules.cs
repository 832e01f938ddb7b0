using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Topology.Hardening.Refusals;

namespace Topology.Hardening.Upgrades;

/// <summary>
/// On WebSocket routes, accepts only handshakes: GET in HTTP/1.1 (RFC 6455 section 4.2.1), extended CONNECT in HTTP/2 and HTTP/3 (RFC
/// 8441). YARP would turn a request of any method that offers a WebSocket into an extended CONNECT.
/// </summary>
internal sealed class UpgradeRules(RequestDelegate next, RequestRefusals refusals)
{
    private const string Version = "13";

    public Task InvokeAsync(HttpContext context)
    {
        var request = context.Request;
        if (context.GetEndpoint()?.Metadata.GetMetadata<WebSocketAttribute>() is null) return next(context);

        var isExtendedConnect = context.Features.Get<IHttpExtendedConnectFeature>() is { IsExtendedConnect: true };
        if (!isExtendedConnect && !HttpMethods.IsGet(request.Method))
        {
            context.Response.Headers.Allow = HttpMethods.Get;
            return Refuse(context, StatusCodes.Status405MethodNotAllowed, "Open a WebSocket with GET.");
        }

        var isOffered = isExtendedConnect
            || (request.Headers.ContainsKey("Upgrade") && context.Features.Get<IHttpUpgradeFeature>() is { IsUpgradableRequest: true });
        if (!isOffered || request.Headers.SecWebSocketVersion != Version) return RequireUpgrade(context);
        if (isExtendedConnect) return next(context);
        if (!IsKey(request.Headers.SecWebSocketKey))
        {
            return Refuse(context, StatusCodes.Status400BadRequest, "Sec-WebSocket-Key must be 16 bytes in base64.");
        }

        // RFC 9110 section 7.8: a 100 would have to come before the 101. Kestrel sends it when a body is read, and a handshake has none.
        return request.Headers.Expect.Count > 0
            ? Refuse(context, StatusCodes.Status417ExpectationFailed, "A handshake has no body to wait for. Send it without Expect.")
            : next(context);
    }

    /// <summary>
    /// Refuses the request and names the required upgrade (RFC 9110 sections 7.8 and 15.5.22, RFC 6455 section 4.4). HTTP/2 and HTTP/3 have
    /// no Upgrade, so the response there is 400 instead of 426.
    /// </summary>
    private Task RequireUpgrade(HttpContext context)
    {
        context.Response.Headers.SecWebSocketVersion = Version;
        const string Detail = $"This is a WebSocket. Connect with a WebSocket client of version {Version}.";
        if (!HttpProtocol.IsHttp11(context.Request.Protocol) && !HttpProtocol.IsHttp10(context.Request.Protocol))
        {
            return Refuse(context, StatusCodes.Status400BadRequest, Detail);
        }

        context.Response.Headers.Upgrade = "websocket";
        context.Response.Headers.Connection = "Upgrade";
        return Refuse(context, StatusCodes.Status426UpgradeRequired, Detail);
    }

    private Task Refuse(HttpContext context, int status, string detail) => refusals.AnswerAsync(context, status, "handshake", detail);

    private static bool IsKey(string? key)
    {
        Span<byte> bytes = stackalloc byte[16];
        return key?.Length == 24 && Convert.TryFromBase64String(key, bytes, out var length) && length == bytes.Length;
    }
}
