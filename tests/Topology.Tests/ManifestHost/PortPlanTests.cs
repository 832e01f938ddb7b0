using System.Net;
using System.Net.Sockets;
using Topology.ManifestHost.Manifests;
using Topology.ManifestHost.Running;

namespace Topology.Tests.ManifestHost;

public sealed class PortPlanTests
{
    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("0.0.0.0")]
    [InlineData("::1")]
    [InlineData("::")]
    public void Every_port_in_use_is_reported_by_resource_and_binding(string address)
    {
        using var first = Listen(address);
        using var second = Listen(address);
        Binding[] bindings = [Binding("api", "http", Port(first)), Binding("api", "https", Port(second)), Binding("web", "http")];
        using var plan = new PortPlan(bindings, dynamic: false);

        Assert.Equal(
            [$"resource 'api', binding 'http': port {Port(first)} is in use", $"resource 'api', binding 'https': port {Port(second)} is in use"],
            plan.Conflicts(bindings));
    }

    [Fact]
    public void A_port_asked_for_twice_is_a_conflict()
    {
        var port = FreePort();
        Binding[] bindings = [Binding("api", "http", port), Binding("web", "http", port)];
        using var plan = new PortPlan(bindings, dynamic: false);

        Assert.Equal([$"resource 'web', binding 'http': port {port} is also that of resource 'api', binding 'http'"], plan.Conflicts(bindings));
    }

    [Fact]
    public void Free_ports_are_no_conflict_and_only_those_asked_about_count()
    {
        using var used = Listen("127.0.0.1");
        Binding[] bindings = [Binding("api", "http", FreePort()), Binding("optional", "http", Port(used))];
        using var plan = new PortPlan(bindings, dynamic: false);

        Assert.Empty(plan.Conflicts(bindings[..1]));
    }

    [Fact]
    public void Plans_made_at_the_same_time_choose_different_ports_and_fixed_ones_are_left_alone()
    {
        Binding[] bindings = [.. Enumerable.Range(0, 40).Select(i => Binding("api", $"b{i}", 5310))];
        using var one = new PortPlan(bindings, dynamic: true);
        using var two = new PortPlan(bindings, dynamic: true);

        int[] ports = [.. bindings.Select(b => one[b]), .. bindings.Select(b => two[b])];

        Assert.Equal(80, ports.Distinct().Count());
        Assert.DoesNotContain(5310, ports);
        Assert.Empty(one.Conflicts(bindings));
    }

    [Fact]
    public void A_chosen_port_is_held_until_its_resource_starts()
    {
        var binding = Binding("api", "http");
        using var plan = new PortPlan([binding], dynamic: false);

        Assert.Throws<SocketException>(() => Listen("127.0.0.1", plan[binding]));
        plan.Release([binding]);
        using var listener = Listen("127.0.0.1", plan[binding]);
    }

    private static Binding Binding(string resource, string name, int? port = null) => new(resource, name, "http", "tcp", "http", port);

    private static Socket Listen(string address, int port = 0)
    {
        var ip = IPAddress.Parse(address);
        var socket = new Socket(ip.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(ip, port));
        socket.Listen();
        return socket;
    }

    private static int Port(Socket socket) => ((IPEndPoint)socket.LocalEndPoint!).Port;

    private static int FreePort()
    {
        using var socket = Listen("127.0.0.1");
        return Port(socket);
    }
}
