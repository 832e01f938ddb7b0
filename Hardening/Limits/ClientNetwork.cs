using System.Buffers.Binary;
using System.Net;

namespace Topology.Hardening.Limits;

/// <summary>
/// What counts as one client: an IPv4 address, or the /64 of an IPv6 address, which is what a provider gives to one
/// customer, who has 2^64 addresses in it.
/// </summary>
public readonly record struct ClientNetwork(ulong High, ulong Low)
{
    /// <summary>The client of an address; without one, as on a local socket, all are one client.</summary>
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

    /// <summary>Seeded anew in each process: nobody can choose addresses that fall together.</summary>
    public override int GetHashCode() => HashCode.Combine(High, Low);
}
