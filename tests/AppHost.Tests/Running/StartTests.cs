using System.Net;
using System.Net.Sockets;
using Topology.AppHost.Tests.Infrastructure;
using Topology.Tests.Infrastructure;

namespace Topology.AppHost.Tests.Running;

/// <summary>How a topology starts, and what it says.</summary>
public sealed class StartTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_terminal_shows_few_lines_and_a_state_file_that_cannot_be_written_is_one_of_them()
    {
        await using var topology = TopologyProcess.LaunchWith(
            [], "--Topology:Ports=dynamic", "--Topology:Dashboard=true", "--Topology:State=/dev/null/state.json");
        await topology.UntilAsync(
            () => topology.Output.Contains("Press Ctrl+C", StringComparison.Ordinal), "the start is announced", TimeSpan.FromMinutes(3),
            Cancelled);
        Assert.InRange(topology.Lines.Count, 5, 15);
        Assert.Single(topology.Lines, line => line.Contains("/dev/null/state.json", StringComparison.Ordinal));
        var lines = topology.Lines.SkipWhile(line => !line.StartsWith("Login", StringComparison.Ordinal)).ToList();
        Assert.StartsWith("Login to the dashboard at http://localhost:", lines[0], StringComparison.Ordinal);
        foreach (var name in (string[])["Traffic:", "Edge:", "Direct:"])
        {
            var line = Assert.Single(lines, line => line.StartsWith(name, StringComparison.Ordinal));
            using var client = new HttpClient();
            Assert.Equal(HttpStatusCode.OK, (await client.GetAsync(new Uri(line.Split(' ')[^1]), Cancelled)).StatusCode);
        }

        Assert.Contains(lines, line => line.StartsWith("All 8 resources are healthy after ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_fixed_port_that_is_taken_is_named_with_its_resource_before_anything_starts()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 5330);
        try
        {
            taken.Start();
        }
        catch (SocketException)
        {
            // Somebody has it already, which serves as well.
        }

        using var process = Programs.Start("AppHost", []);
        var (code, output, error) = await Programs.EndAsync(process, Cancelled);
        Assert.Equal((2, ""), (code, output));
        Assert.Contains("Port 5330 is in use; orders (http) needs it.", error, StringComparison.Ordinal);
        Assert.Contains("--Topology:Ports=dynamic", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--Topology:Ports=round", "Topology:Ports is \"round\"; set fixed or dynamic.")]
    [InlineData("--Topology:Data=/dev/null/data", "Topology:Data")]
    public async Task A_bad_setting_is_one_line_and_exit_status_2(string setting, string expected)
    {
        using var process = Programs.Start("AppHost", [setting]);
        var (code, output, error) = await Programs.EndAsync(process, Cancelled);
        Assert.Equal((2, ""), (code, output));
        Assert.StartsWith(expected, Assert.Single(error.Trim().Split('\n')), StringComparison.Ordinal);
    }
}
