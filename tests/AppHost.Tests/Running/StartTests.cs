using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json;
using Topology.AppHost.Tests.Infrastructure;
using Topology.Tests.Infrastructure;

namespace Topology.AppHost.Tests.Running;

/// <summary>How a topology starts, and what it says.</summary>
public sealed class StartTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Two_topologies_run_at_once_and_neither_sees_the_others_orders()
    {
        await using var one = await TopologyProcess.StartAsync();
        await using var two = await TopologyProcess.StartAsync();
        var id = await OrderAsync(one);
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(one, $"/orders/{id}"));
        Assert.Equal(HttpStatusCode.NotFound, await StatusAsync(two, $"/orders/{id}"));
    }

    [Fact]
    public async Task The_terminal_shows_few_lines_and_the_ones_that_matter()
    {
        await using var topology = await TopologyProcess.StartAsync("--Topology:Dashboard=true");
        await topology.UntilAsync(
            () => topology.Output.Contains("Press Ctrl+C", StringComparison.Ordinal), "the start is announced", TimeSpan.FromSeconds(20),
            Cancelled);
        Assert.InRange(topology.Lines.Count, 5, 15);
        Assert.StartsWith("Login to the dashboard at http://localhost:", topology.Lines[0], StringComparison.Ordinal);
        foreach (var name in (string[])["Traffic:", "Edge:", "Direct:"])
        {
            var line = Assert.Single(topology.Lines, line => line.StartsWith(name, StringComparison.Ordinal));
            using var client = new HttpClient();
            Assert.Equal(HttpStatusCode.OK, (await client.GetAsync(new Uri(line.Split(' ')[^1]), Cancelled)).StatusCode);
        }

        Assert.Contains(topology.Lines, line => line.StartsWith("All 8 resources are healthy after ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Every_service_is_one_process()
    {
        await using var topology = await TopologyProcess.StartAsync();
        foreach (var resource in topology.State.GetProperty("resources").EnumerateArray()
            .Where(resource => resource.GetProperty("pid").ValueKind == JsonValueKind.Number))
        {
            var pid = resource.GetProperty("pid").GetInt32();
            Assert.Contains("Topology.", File.ReadAllText($"/proc/{pid}/cmdline"), StringComparison.Ordinal);
            Assert.Equal("", File.ReadAllText($"/proc/{pid}/task/{pid}/children"));
        }
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

    [Fact]
    public async Task A_state_file_that_cannot_be_written_stops_nothing()
    {
        await using var topology = TopologyProcess.LaunchWith(
            [], "--Topology:Ports=dynamic", "--Topology:Dashboard=true", "--Topology:State=/dev/null/state.json");
        await topology.UntilAsync(
            () => topology.Output.Contains("All 8 resources are healthy", StringComparison.Ordinal), "everything is healthy",
            TimeSpan.FromMinutes(2), Cancelled);
        Assert.Contains("/dev/null/state.json", topology.Output, StringComparison.Ordinal);
    }

    private static async Task<string> OrderAsync(TopologyProcess topology)
    {
        using var client = new HttpClient { BaseAddress = topology.Url("edge", "http") };
        using var request = new HttpRequestMessage(HttpMethod.Post, "/orders")
        {
            Headers = { { "Idempotency-Key", Guid.NewGuid().ToString() } },
            Content = JsonContent.Create(new { lines = new[] { new { itemId = 1, quantity = 2 } } }),
        };
        using var response = await client.SendAsync(request, Cancelled);
        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
        return (await response.Content.ReadFromJsonAsync<JsonElement>(Cancelled)).GetProperty("id").GetString()!;
    }

    private static async Task<HttpStatusCode> StatusAsync(TopologyProcess topology, string path)
    {
        using var client = new HttpClient { BaseAddress = topology.Url("edge", "http") };
        using var response = await client.GetAsync(path, Cancelled);
        return response.StatusCode;
    }
}
