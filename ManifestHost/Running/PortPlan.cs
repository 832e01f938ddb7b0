using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Topology.ManifestHost.Manifests;

namespace Topology.ManifestHost.Running;

/// <summary>
/// Which port each binding has in this run. Chosen ports are held until their resource starts, so that two topologies that start
/// at the same time cannot choose the same.
/// </summary>
internal sealed class PortPlan : IDisposable
{
    // Below the range from which systems take the ports of outgoing connections, and above this project's fixed ones.
    private const int FirstChosen = 20000;
    private const int LastChosen = 32000;

    private readonly Dictionary<Binding, int> _ports = [];
    private readonly Dictionary<Binding, IDisposable> _held = [];

    /// <param name="bindings">All bindings of the manifest, also of resources that do not start: others may refer to them.</param>
    /// <param name="dynamic">Choose every port; otherwise only those the manifest leaves open.</param>
    public PortPlan(IEnumerable<Binding> bindings, bool dynamic)
    {
        foreach (var binding in bindings)
            _ports[binding] = !dynamic && binding.FixedPort is { } port ? port : Choose(binding);
    }

    public int this[Binding binding] => _ports[binding];

    /// <summary>One line for each binding whose port is not free, or is asked for twice.</summary>
    public IReadOnlyList<string> Conflicts(IEnumerable<Binding> bindings)
    {
        var conflicts = new List<string>();
        var taken = new Dictionary<(int, string), Binding>();
        foreach (var binding in bindings)
        {
            var port = _ports[binding];
            if (!taken.TryAdd((port, binding.Protocol), binding))
                conflicts.Add($"{Describe(binding)}: port {port} is also that of {Describe(taken[(port, binding.Protocol)])}");
            else if (!_held.ContainsKey(binding) && !IsFree(port, binding.Protocol))
                conflicts.Add($"{Describe(binding)}: port {port} is in use");
        }
        return conflicts;
    }

    /// <summary>Lets go of ports, because what listens on them starts now.</summary>
    public void Release(IEnumerable<Binding> bindings)
    {
        foreach (var binding in bindings)
        {
            if (_held.Remove(binding, out var held))
                held.Dispose();
        }
    }

    public void Dispose() => Release([.. _held.Keys]);

    private static string Describe(Binding binding) => $"resource '{binding.Resource}', binding '{binding.Name}'";

    private int Choose(Binding binding)
    {
        for (var attempt = 0; attempt < 1000; attempt++)
        {
            var port = RandomNumberGenerator.GetInt32(FirstChosen, LastChosen);
            if (!_ports.ContainsValue(port) && Hold(port, binding.Protocol) is { } held)
            {
                _held[binding] = held;
                return port;
            }
        }
        throw new UsageException($"{Describe(binding)}: no port from {FirstChosen} to {LastChosen} is free; stop what uses them.");
    }

    private static bool IsFree(int port, string protocol)
    {
        using var held = Hold(port, protocol);
        return held is not null;
    }

    /// <summary>Takes a port on both loopback addresses, since <c>localhost</c> means both; null if one is in use.</summary>
    private static Sockets? Hold(int port, string protocol)
    {
        var held = new Sockets();
        try
        {
            held.Add(IPAddress.Loopback, port, protocol);
            if (Socket.OSSupportsIPv6)
                held.Add(IPAddress.IPv6Loopback, port, protocol);
            return held;
        }
        catch (SocketException e) when (e.SocketErrorCode is SocketError.AddressNotAvailable)
        {
            return held; // IPv6 is compiled in, but the loopback interface has no such address.
        }
        catch (SocketException e) when (e.SocketErrorCode is SocketError.AddressAlreadyInUse or SocketError.AccessDenied)
        {
            held.Dispose();
            return null;
        }
    }

    private sealed class Sockets : IDisposable
    {
        private readonly List<Socket> _sockets = [];

        public void Add(IPAddress address, int port, string protocol)
        {
            var (type, kind) = protocol == "udp" ? (SocketType.Dgram, ProtocolType.Udp) : (SocketType.Stream, ProtocolType.Tcp);
            var socket = new Socket(address.AddressFamily, type, kind);
            _sockets.Add(socket);
            socket.Bind(new IPEndPoint(address, port));
            // Two sockets may be bound to one port as long as neither listens.
            if (type == SocketType.Stream)
                socket.Listen(1);
        }

        public void Dispose() => _sockets.ForEach(socket => socket.Dispose());
    }
}
