using System.Security.Cryptography;

namespace Topology.Tests.Infrastructure;

/// <summary>The digests that the media backend reports.</summary>
internal static class Digests
{
    /// <summary>SHA-256 of the rest of a stream, in lower-case hexadecimal digits.</summary>
    public static async Task<string> OfAsync(Stream stream, CancellationToken cancellationToken) =>
        Convert.ToHexStringLower(await SHA256.HashDataAsync(stream, cancellationToken));
}
