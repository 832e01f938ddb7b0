using System.Globalization;
using System.Net;
using System.Runtime.InteropServices;

namespace Topology.AppHost.Tests.Rehearsal;

/// <summary>What Linux tells of sockets.</summary>
internal static class Sockets
{
    private const string Listening = "0A";

    /// <summary>The addresses on which a process listens for TCP connections.</summary>
    public static async Task<IReadOnlyList<IPAddress>> ListeningAsync(int pid, CancellationToken cancellation)
    {
        var own = Directory.EnumerateFileSystemEntries($"/proc/{pid}/fd").Select(file => new FileInfo(file).LinkTarget).ToHashSet();
        var addresses = new List<IPAddress>();
        foreach (var table in (string[])["tcp", "tcp6"])
        {
            foreach (var line in (await File.ReadAllLinesAsync($"/proc/{pid}/net/{table}", cancellation)).Skip(1))
            {
                // sl, local address, remote address, state, queues, timer, retransmits, user, timeout, inode.
                var fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
                if (fields[3] == Listening && own.Contains($"socket:[{fields[9]}]")) addresses.Add(Parse(fields[1].Split(':')[0]));
            }
        }

        return addresses;
    }

    /// <summary>Words of 32 bits, each in the order of this machine's bytes.</summary>
    private static IPAddress Parse(string hex) => new(MemoryMarshal.AsBytes<uint>(
        [.. hex.Chunk(8).Select(word => uint.Parse(word, NumberStyles.HexNumber, CultureInfo.InvariantCulture))]));
}
