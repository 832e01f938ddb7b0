using System.Security.Cryptography;
using Topology.Hardening.Limits;
using Topology.ServiceDefaults.Paths;

namespace Topology.Media.Content;

/// <summary>Summary of a received upload.</summary>
/// <param name="Length">In bytes.</param>
/// <param name="Sha256">Lowercase hexadecimal.</param>
public sealed record Upload(long Length, string Sha256);

internal static class UploadEndpoint
{
    /// <summary>The maximum body size in either direction: 1 GiB.</summary>
    public const long MaximumBytes = 1L << 30;

    public static void MapUpload(this IEndpointRouteBuilder endpoints) =>
        endpoints.MapPost("/media", Receive)
            .WithWorkload("media-upload").WithLimits(new() { Kind = RouteKind.Stream, BodyBytes = MaximumBytes });

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
