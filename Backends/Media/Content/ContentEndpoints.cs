using System.Security.Cryptography;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Net.Http.Headers;
using Topology.Hardening.Limits;
using Topology.ServiceDefaults.Paths;

namespace Topology.Media.Content;

/// <summary>Summary of a received upload.</summary>
/// <param name="Length">In bytes.</param>
/// <param name="Sha256">Lowercase hexadecimal.</param>
public sealed record Upload(long Length, string Sha256);

internal static class ContentEndpoints
{
    /// <summary>The maximum body size in either direction: 1 GiB.</summary>
    public const long MaximumBytes = 1L << 30;

    public static void MapContent(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapMethods("/media/{bytes:long}", [HttpMethods.Get, HttpMethods.Head], Download)
            .WithWorkload("media-download").WithLimits(new() { Kind = RouteKind.Stream, BodyBytes = 0 });
        endpoints.MapPost("/media", Receive)
            .WithWorkload("media-upload").WithLimits(new() { Kind = RouteKind.Stream, BodyBytes = MaximumBytes });
    }

    /// <summary>
    /// The framework handles ranges (RFC 9110 section 14) and conditional requests. The content is generated while it is sent.
    /// </summary>
    private static Results<FileStreamHttpResult, ProblemHttpResult> Download(long bytes) =>
        bytes is >= 0 and <= MaximumBytes
            ? TypedResults.Stream(new DeterministicStream(bytes), "application/octet-stream",
                entityTag: new EntityTagHeaderValue($"\"v1-{bytes}\""), enableRangeProcessing: true)
            : TypedResults.Problem($"bytes is {bytes}; ask for 0 to {MaximumBytes} bytes.", statusCode: StatusCodes.Status400BadRequest);

    /// <summary>Reads the body once, chunk by chunk as it arrives.</summary>
    private static async Task<Upload> Receive(HttpRequest request, CancellationToken cancellationToken)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var length = 0L;
        while (true)
        {
            var read = await request.BodyReader.ReadAsync(cancellationToken);
            foreach (var segment in read.Buffer)
            {
                hash.AppendData(segment.Span);
            }

            length += read.Buffer.Length;
            request.BodyReader.AdvanceTo(read.Buffer.End);
            if (read.IsCompleted) return new(length, Convert.ToHexStringLower(hash.GetHashAndReset()));
        }
    }
}
