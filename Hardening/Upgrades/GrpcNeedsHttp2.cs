using Microsoft.AspNetCore.Http;
using Topology.Hardening.Refusals;

namespace Topology.Hardening.Upgrades;

/// <summary>
/// Refuses gRPC over HTTP/1.1. gRPC sends its status in trailers. An HTTP/1.1 client would not receive them and would treat the call as
/// successful. gRPC-Web sends the status in the body, so it is allowed.
/// </summary>
internal sealed class GrpcNeedsHttp2(RequestDelegate next, RequestRefusals refusals)
{
    private const string Internal = "13"; // INTERNAL, as gRPC for .NET responds.
    private const string Detail = "gRPC needs HTTP/2; over HTTP/1.1 use gRPC-Web.";

    public Task InvokeAsync(HttpContext context)
    {
        if (!IsGrpc(context.Request.ContentType)
            || (!HttpProtocol.IsHttp11(context.Request.Protocol) && !HttpProtocol.IsHttp10(context.Request.Protocol)))
        {
            return next(context);
        }

        context.Response.Headers["grpc-status"] = Internal;
        context.Response.Headers["grpc-message"] = Detail;
        return refusals.AnswerAsync(context, StatusCodes.Status505HttpVersionNotsupported, "grpc over HTTP/1.1", Detail);
    }

    private static bool IsGrpc(string? type) =>
        type is not null && type.StartsWith("application/grpc", StringComparison.OrdinalIgnoreCase)
        && (type.Length == "application/grpc".Length || type["application/grpc".Length] is '+' or ';');
}
