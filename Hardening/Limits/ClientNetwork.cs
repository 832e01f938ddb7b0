using System.Buffers.Binary;
using System.Net;

namespace Topology.Hardening.Limits;

/// <summary>
/// What counts as one client: an IPv4 address, or the /64 of an IPv6 address. Providers give each customer a /64, which has 2^64 addresses.
/// </summary>
public readonly record struct ClientNetwork(ulong High, ulong Low)
{
    /// <summary>
    /// Returns the client that an address belongs to. All connections without an address, such as on a local socket, are one client.
    /// </summary>
    public static ClientNetwork Of(IPAddress? address)
    {
        if (address is null) return default;
        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out var length);
        if (length == 4) return new(0, BinaryPrimitives.ReadUInt32BigEndian(bytes) | 0xFFFF_0000_0000UL);
        return address.IsIPv4MappedToIPv6
            ? new(0, BinaryPrimitives.ReadUInt64BigEndian(bytes[8..]))
            : new(BinaryPrimitives.ReadUInt64BigEndian(bytes), 0);
    }

    /// <summary>The seed differs in each process, so that nobody can choose addresses that collide.</summary>
    public override int GetHashCode() => HashCode.Combine(High, Low);
}
