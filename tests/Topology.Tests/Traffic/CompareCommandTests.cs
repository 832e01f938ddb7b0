using System.Text.Json;
using System.Text.RegularExpressions;
using Topology.Tests.Infrastructure;

namespace Topology.Tests.Traffic;

/// <summary>The command line as users start it, in its own process.</summary>
public sealed partial class CompareCommandTests(RealServices services) : IClassFixture<RealServices>
{
    [Theory]
    [InlineData("--rate 0", "rate")]
    [InlineData("--rate 1e9", "rate")]
    [InlineData("--rate abc", "abc")]
    [InlineData("--duration 601", "duration")]
    [InlineData("--workload catalogue", "catalogue")]
    [InlineData("--paths direct,squid", "squid")]
    [InlineData("--paths direct,direct", "twice")]
    [InlineData("--paths edge", "nothing to compare")]
    [InlineData("--arrival sometimes", "sometimes")]
    [InlineData("--protocol http3", "http3")]
    [InlineData("--protocol http2", "--tls")]
    [InlineData("--workload grpc", "--tls")]
    [InlineData("--connections 0", "connections")]
    [InlineData("--delay 5", "--delay")]
    [InlineData("--delay 2s", "delay")]
    [InlineData("--sweep 100", "--sweep")]
    [InlineData("--sweep 100..200 --rate 5", "--rate")]
    [InlineData("--sweep 100..200 --fail-if errors>0", "--fail-if")]
    [InlineData("--fail-if edge.p50", "write 'PATH.pNN > TIME'")]
    [InlineData("--paths direct,edge --fail-if nginx.p50>1ms", "nginx")]
    [InlineData("--json no/such/folder/file.json", "folder")]
    [InlineData("--csv /", "cannot be written")]
    [InlineData("--attach --state no-such-file.json", "--attach")]
    [InlineData("--unknown", "--unknown")]
    public async Task A_bad_argument_is_one_line_that_says_what_to_change_and_exit_status_2(string arguments, string said)
    {
        var (status, output, error) = await CompareAsync(arguments.Split(' '));
        Assert.Equal((2, ""), (status, output));
        Assert.Single(error.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.Contains(said, error, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task Help_lists_every_option()
    {
        var (status, output, _) = await CompareAsync("--help");
        Assert.Equal(0, status);
        Assert.All(
            (string[])[
            "--workload", "--paths", "--rate", "--duration", "--tls", "--attach", "--json", "--csv", "--report", "--arrival", "--protocol",
            "--closed-loop", "--connections", "--no-build", "--target", "--get", "--fail-if", "--sweep", "--delay", "--markdown"],
            option => Assert.Contains(option, output, StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_unknown_command_is_one_line_and_exit_status_2()
    {
        var (status, output, error) = await TrafficCommand.RunAsync(ServiceHost.CertificateDirectory, "comapre", "--attach");
        Assert.Equal((2, ""), (status, output));
        Assert.Contains("comapre", Assert.Single(error.Split('\n', StringSplitOptions.RemoveEmptyEntries)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Help_without_a_command_lists_them()
    {
        var (status, output, _) = await TrafficCommand.RunAsync(ServiceHost.CertificateDirectory, "--help");
        Assert.Equal(0, status);
        Assert.All(
            (string[])["compare", "claims", "bench", "certs"], command => Assert.Contains(command, output, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_running_topology_is_compared_into_a_table_and_files()
    {
        var folder = Directory.CreateTempSubdirectory("topology-compare-").FullName;
        var state = Path.Combine(folder, "topology.json");
        await File.WriteAllTextAsync(state, State(), TestContext.Current.CancellationToken);
        var (json, csv, report) = (Path.Combine(folder, "r.json"), Path.Combine(folder, "r.csv"), Path.Combine(folder, "r.html"));

        var (status, output, error) = await CompareAsync(
            "--attach", "--state", state, "--paths", "direct,edge", "--rate", "60", "--duration", "1", "--json", json, "--csv", csv,
                "--report", report);
        Assert.True(status is 0 or 3, error);
        Assert.Matches(@"^\[(solid|p50 only|run again)\] The edge", output);
        Assert.Matches("The control found (no|a) difference .*: direct against itself, p50 ", output);

        using var result = JsonDocument.Parse(await File.ReadAllTextAsync(json, TestContext.Current.CancellationToken));
        var root = result.RootElement;
        Assert.Equal(root.GetProperty("valid").GetBoolean() ? 0 : 3, status); // A busy machine or a Debug build makes it invalid.
        Assert.Equal(
            ("catalog", false, "direct"),
            (root.GetProperty("workload").GetString(), root.GetProperty("tls").GetBoolean(), root.GetProperty("baseline").GetString()));
        Assert.Equal(["direct", "edge"], root.GetProperty("paths").EnumerateArray().Select(path => path.GetProperty("path").GetString()));
        foreach (var path in root.GetProperty("paths").EnumerateArray())
        {
            Assert.Equal(
                (60, 60, 0),
                (path.GetProperty("offeredRate").GetDouble(), path.GetProperty("requests").GetInt32(),
                path.GetProperty("errors").GetInt32()));
            Assert.All(
                (string[])["p50", "p90", "p99", "p999", "max"], percentile =>
                Assert.True(path.GetProperty("latencyMs").GetProperty(percentile).GetDouble() > 0));
            // The services run in the test's process; the state's names decide under which its CPU is reported.
            Assert.True(path.GetProperty("cpuMicrosecondsPerRequest").GetProperty("catalog").GetDouble() > 0);
            Assert.True(path.GetProperty("cpuMicrosecondsPerRequest").GetProperty("generator").GetDouble() > 0);
        }

        Assert.All(root.GetProperty("differences").EnumerateArray().Append(root.GetProperty("control")), difference =>
        {
            var interval = difference.GetProperty("ci95").EnumerateArray().Select(end => end.GetDouble()).ToArray();
            Assert.InRange(difference.GetProperty("ms").GetDouble(), interval[0], interval[1]);
        });

        var lines = await File.ReadAllLinesAsync(csv, TestContext.Current.CancellationToken);
        Assert.Equal(1 + 2 * 5, lines.Length);
        Assert.All(lines, line => Assert.Equal(18, Columns().Count(line)));
        Assert.EndsWith(",reliable,date,seed,machine", lines[0], StringComparison.Ordinal);

        var html = await File.ReadAllTextAsync(report, TestContext.Current.CancellationToken);
        Assert.Contains("<svg", html, StringComparison.Ordinal);
        Assert.DoesNotContain(
            "http", html.Replace("HTTP", "", StringComparison.Ordinal), StringComparison.Ordinal); // Nothing is loaded from anywhere.
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task Services_built_in_Debug_end_with_status_3_after_everything_is_written()
    {
        var folder = Directory.CreateTempSubdirectory("topology-compare-").FullName;
        var (state, json) = (Path.Combine(folder, "topology.json"), Path.Combine(folder, "r.json"));
        await File.WriteAllTextAsync(state, State("Debug"), TestContext.Current.CancellationToken);
        var (status, output, error) =
            await CompareAsync("--attach", "--state", state, "--paths", "direct,edge", "--rate", "60", "--duration", "1", "--json",
                json);
        Assert.True(status == 3, error);
        Assert.Contains("built in Debug: use Release", output, StringComparison.Ordinal);
        using var result = JsonDocument.Parse(await File.ReadAllTextAsync(json, TestContext.Current.CancellationToken));
        Assert.False(result.RootElement.GetProperty("valid").GetBoolean());
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task A_path_that_does_not_run_is_refused_with_those_that_do()
    {
        var state = Path.GetTempFileName();
        await File.WriteAllTextAsync(state, State(), TestContext.Current.CancellationToken);
        var (status, _, error) = await CompareAsync("--attach", "--state", state, "--paths", "direct,nginx");
        Assert.Equal(2, status);
        Assert.Contains("nginx is not running; use some of direct, edge", error, StringComparison.Ordinal);
        File.Delete(state);
    }

    /// <summary>The columns of a CSV line, of which some are quoted.</summary>
    [GeneratedRegex("(?<=^|,)(\"[^\"]*\"|[^,\"]*)(?=,|$)")]
    private static partial Regex Columns();

    /// <summary>The state file of a topology whose services are those of this process.</summary>
    private string State(string configuration = "Release") => JsonSerializer.Serialize(new
    {
        healthy = true,
        configuration,
        resources = services.Discovery()
            .Select(entry => entry.Key.Split(':') is [_, var name, var endpoint, ..] ? (name, endpoint, entry.Value) : default)
            .GroupBy(entry => entry.name)
            .Select(group =>
                new
                {
                    name = group.Key,
                    state = "running",
                    health = "healthy",
                    pid = Environment.ProcessId,
                    urls =
                group.ToDictionary(entry => entry.endpoint, entry => entry.Value)
                }),
    });

    private static Task<(int Status, string Output, string Error)> CompareAsync(params string[] arguments) =>
        TrafficCommand.RunAsync(ServiceHost.CertificateDirectory, ["compare", .. arguments]);
}
