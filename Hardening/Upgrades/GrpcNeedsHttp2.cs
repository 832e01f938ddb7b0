using Microsoft.AspNetCore.Http;
using Topology.Hardening.Refusals;

namespace Topology.Hardening.Upgrades;

/// <summary>
/// gRPC has its status in trailers, which an HTTP/1.1 client would not get: it would take the call for one that
/// succeeded. gRPC-Web has them in the body and passes.
/// </summary>
internal sealed class GrpcNeedsHttp2(RequestDelegate next, RequestRefusals refusals)
{
    private const string Internal = "13"; // INTERNAL, as gRPC for .NET answers it.
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
