using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Net.Http.Headers;
using Topology.Hardening.Limits;
using Topology.ServiceDefaults.Paths;

namespace Topology.Media.Content;

internal static class DownloadEndpoint
{
    public static void MapDownload(this IEndpointRouteBuilder endpoints) =>
        endpoints.MapMethods("/media/{bytes:long}", [HttpMethods.Get, HttpMethods.Head], Download)
            .WithWorkload("media-download").WithLimits(new() { Kind = RouteKind.Stream, BodyBytes = 0 });

    /// <summary>
    /// The framework handles ranges (RFC 9110 section 14) and conditional requests. The content is generated while it is sent.
    /// </summary>
    private static Results<FileStreamHttpResult, ProblemHttpResult> Download(long bytes) =>
        bytes is >= 0 and <= UploadEndpoint.MaximumBytes
            ? TypedResults.Stream(new DeterministicStream(bytes), "application/octet-stream",
                entityTag: new EntityTagHeaderValue($"\"v1-{bytes}\""), enableRangeProcessing: true)
            : TypedResults.Problem($"bytes is {bytes}; ask for 0 to {UploadEndpoint.MaximumBytes} bytes.",
                statusCode: StatusCodes.Status400BadRequest);
}
