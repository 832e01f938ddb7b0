using System.Security.Cryptography;

namespace Topology.Tests.Infrastructure;

/// <summary>What the media backend tells of a body.</summary>
internal static class Digests
{
    /// <summary>SHA-256 of what is left of a stream, in lower-case hexadecimal digits.</summary>
    public static async Task<string> OfAsync(Stream stream, CancellationToken cancellationToken) =>
        Convert.ToHexStringLower(await SHA256.HashDataAsync(stream, cancellationToken));
}
