using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Options;
using Topology.Hardening.Forwarding;
using Topology.Hardening.Hosts;
using Topology.Hardening.Limits;
using Topology.Hardening.Listeners;
using Topology.Hardening.Refusals;
using Topology.Hardening.Strictness;
using Topology.Hardening.Upgrades;

namespace Topology.Hardening;

/// <summary>
/// The first check of a request on a public listener, before routing. It accepts only hosts that this service serves, targets that
/// cannot be read in two ways, and methods that the public may use. It drops headers in which a client claims to be a proxy.
/// </summary>
internal sealed class PublicGate(RequestDelegate next, AllowedHosts hosts, RequestRefusals refusals, IOptions<PublicLimits> limits)
{
    public Task InvokeAsync(HttpContext context)
    {
        var request = context.Request;
        var head = context.Features.GetRequiredFeature<IHttpRequestFeature>();
        var isText = HttpProtocol.IsHttp11(request.Protocol) || HttpProtocol.IsHttp10(request.Protocol);
        if (IsTooLong(head)) return RefuseHead(context, isText, StatusCodes.Status414UriTooLong, "The request target is too long.");
        if (!IsWithinLimits(request.Headers, out var untrusted))
        {
            return RefuseHead(
                context, isText, StatusCodes.Status431RequestHeaderFieldsTooLarge, "The header has too many fields or bytes.");
        }

        // The strict parser has already checked HTTP/1.1.
        if (!isText && !BinaryHead.IsWellFormed(head))
        {
            return refusals.AnswerAsync(
                context, StatusCodes.Status400BadRequest, "syntax",
                "The method, the target or a field is not valid HTTP: an overlong method, a fragment, a field name that is not a token, "
                + "a control character or white space around a value, or a field for HTTP/1.1 connections only.");
        }

        if (!hosts.Contains(request.Host.Value))
        {
            return refusals.AnswerAsync(context, StatusCodes.Status400BadRequest, "host", "This host is not served here.");
        }
        if (!UnambiguousPath.IsUnambiguous(head.RawTarget))
        {
            return refusals.AnswerAsync(
                context, StatusCodes.Status400BadRequest, "path",
                "The path is ambiguous. Send it without escaped / \\ % or control characters, and without empty or dot segments.");
        }

        if (HttpMethods.IsTrace(request.Method))
        {
            return refusals.AnswerAsync(context, StatusCodes.Status501NotImplemented, "method", "TRACE is not implemented.");
        }
        if (HttpMethods.IsConnect(request.Method))
        {
            if (context.Features.Get<IHttpExtendedConnectFeature>() is not { IsExtendedConnect: true, Protocol: var protocol })
            {
                return refusals.AnswerAsync(context, StatusCodes.Status400BadRequest, "method", "This server opens no tunnels.");
            }

            // RFC 9220 section 3: an unknown protocol is answered with 501.
            if (protocol != "websocket")
            {
                return refusals.AnswerAsync(
                    context, StatusCodes.Status501NotImplemented, "method", "Extended CONNECT supports WebSocket only.");
            }
        }

        if (HttpMethods.IsOptions(request.Method) && !request.Path.HasValue)
        {
            // OPTIONS * (RFC 9110 section 9.3.7) asks about the server as a whole. It has no options to report.
            context.Response.StatusCode = StatusCodes.Status204NoContent;
            return Task.CompletedTask;
        }

        ConnectionFields.Remove(
            request.Headers, context.Features.Get<IConnectionOptions>() is { } options ? options.Connection : request.Headers.Connection);
        untrusted?.ForEach(name => request.Headers.Remove(name));
        IgnoreOtherUpgrades(request);
        NoticedUpgrade.Attach(context);
        return next(context);
    }

    private Task RefuseHead(HttpContext context, bool isText, int status, string detail)
    {
        // Closes the connection, as Kestrel does at its own limits, because such a client is likely to send more.
        if (isText) context.Response.Headers.Connection = "close";
        return refusals.AnswerAsync(context, status, "head", detail);
    }

    /// <summary>
    /// A server may ignore an upgrade to a protocol that it does not support, and must ignore every upgrade in HTTP/1.0 (RFC 9110
    /// section 7.8). A forwarder might otherwise pass it on to an upstream that cannot handle it.
    /// </summary>
    private static void IgnoreOtherUpgrades(HttpRequest request)
    {
        if (request.Headers.Upgrade is { Count: > 0 } upgrade
            && (HttpProtocol.IsHttp10(request.Protocol) || !string.Equals(upgrade, "websocket", StringComparison.OrdinalIgnoreCase)))
        {
            request.Headers.Remove("Upgrade");
        }
    }

    /// <summary>
    /// Whether the request line, as HTTP/1.1 would write it, is too long. For HTTP/2, Kestrel itself would reset the stream instead of
    /// answering 414.
    /// </summary>
    private bool IsTooLong(IHttpRequestFeature head)
    {
        const int FixedBytes = 11; // Two spaces and "HTTP/1.1" with its CR.
        return head.Method.Length + head.RawTarget.Length + FixedBytes > limits.Value.RequestLineBytes;
    }

    /// <summary>
    /// Kestrel's own limits are higher, because they leave room for headers that a proxy adds. Clients do not need that room. The same pass
    /// finds the headers to remove, because every pass allocates an enumerator.
    /// </summary>
    private bool IsWithinLimits(IHeaderDictionary headers, out List<string>? untrusted)
    {
        untrusted = null;
        const int Delimiters = 4; // ": " and CRLF
        int fields = 0, bytes = 0;
        foreach (var (name, values) in headers)
        {
            if (UntrustedHeaders.IsUntrusted(name)) (untrusted ??= []).Add(name);
            foreach (var value in values)
            {
                fields++;
                bytes += name.Length + (value?.Length ?? 0) + Delimiters;
            }
        }

        return fields <= limits.Value.HeaderFields && bytes <= limits.Value.HeaderBytes;
    }
}
