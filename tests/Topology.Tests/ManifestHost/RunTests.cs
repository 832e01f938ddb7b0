using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using System.Text.RegularExpressions;
using Topology.ManifestHost.Running;
using Topology.Tests.Infrastructure;
using Topology.Tests.Publishing;

namespace Topology.Tests.ManifestHost;

/// <summary>ManifestHost as a process, with shell scripts as resources.</summary>
public sealed partial class RunTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_runs_is_described_in_a_file_that_only_the_user_can_read_and_that_goes_when_the_host_goes()
    {
        using var trial = new TrialManifest()
            .Server("server")
            .Script("client", "echo url=$SERVER; exec sleep 1000", new { SERVER = "{server.bindings.http.url}" })
            .Script("optional", "exec sleep 1000", new { Topology__ExplicitStart = "true" })
            .Add("cache", new { type = "container.v1", image = "redis" });
        await using var host = await TrialHost.StartAsync(trial);

        var url = host.Url("server", "http").ToString().TrimEnd('/');
        Assert.Equal(host.Pid, host.State.GetProperty("host").GetProperty("pid").GetInt32());
        Assert.Equal(JsonValueKind.Null, host.State.GetProperty("dashboard").ValueKind);
        Assert.Equal(
            ["server running", "client running", "optional not-started", "cache not-runnable"],
            host.State.GetProperty("resources").EnumerateArray().Select(r => $"{r.GetProperty("name")} {r.GetProperty("state")}"));
        Assert.Contains($"client   | url={url}", host.Lines);
        if (!OperatingSystem.IsWindows())
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(host.StateFile));

        Assert.Equal(0, await host.StopAsync(Cancellation));
        Assert.Empty(Directory.GetFiles(Path.GetDirectoryName(host.StateFile)!));
    }

    [Fact]
    public async Task Resources_that_start_only_when_named_start_when_named()
    {
        using var trial = new TrialManifest()
            .Script("one", "exec sleep 1000", new { Topology__ExplicitStart = "true" })
            .Script("two", "exec sleep 1000", new { Topology__ExplicitStart = "true" })
            .Add("absent", new { type = "executable.v0", workingDirectory = ".", command = "no-such-program", env = new { Topology__ExplicitStart = "true" } });

        await using (var host = await TrialHost.StartAsync(trial, "--start", "two"))
            Assert.Equal(["not-started", "running", "not-started"], States(host));
        await using (var host = await TrialHost.StartAsync(trial, "--proxies", "all"))
            Assert.Equal(["running", "running", "not-started"], States(host));
    }

    [Fact]
    public async Task What_crashes_is_started_again_later_each_time_and_what_it_left_behind_is_gone()
    {
        using var trial = new TrialManifest().Script("crashing", "sleep 1000 & sleep 0.7; echo last words; exit 3").Script("steady", "exec sleep 1000");
        await using var host = await TrialHost.StartAsync(trial);
        var first = host.Resource("steady").GetProperty("pid").GetInt32();

        await host.UntilAsync(() => host.Output.Contains("starting it again in 2 s", StringComparison.Ordinal), "two crashes", TrialHost.Patience, Cancellation);
        await host.UntilAsync(() => host.Resource("crashing").GetProperty("state").GetString() == "restarting", "the state says so", TrialHost.Patience, Cancellation);

        Assert.Matches(Crash1(), host.Output);
        Assert.Equal(2, host.Lines.Count(line => line == "crashing | last words"));
        Assert.Equal(first, host.Resource("steady").GetProperty("pid").GetInt32());
        Assert.DoesNotContain(TrialHost.Processes(host), pid => ProcFs.CommandLine(pid) is ["sleep", "1000"] && pid != first);
    }

    [Fact]
    public async Task What_ends_by_itself_without_error_stays_so_and_none_of_its_lines_is_lost()
    {
        using var trial = new TrialManifest().Script("task", "i=0; while [ $i -lt 2000 ]; do i=$((i+1)); echo line $i; done; sleep 0.8; echo end >&2").Script("steady", "exec sleep 1000");
        await using var host = await TrialHost.StartAsync(trial);

        await host.UntilAsync(() => host.Resource("task").GetProperty("state").GetString() == "finished", "the task has finished", TrialHost.Patience, Cancellation);

        Assert.Equal(Enumerable.Range(1, 2000).Select(i => $"task     | line {i}").Append("task     | end"), host.Lines.Where(line => line.StartsWith("task", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Two_topologies_run_at_once_on_dynamic_ports()
    {
        using var trial = new TrialManifest().Server("server", port: 5310).Server("other", port: 5311);
        var both = await Task.WhenAll(TrialHost.StartAsync(trial), TrialHost.StartAsync(trial));
        await using var one = both[0];
        await using var two = both[1];
        using var client = new HttpClient();

        Uri[] urls = [one.Url("server", "http"), one.Url("other", "http"), two.Url("server", "http"), two.Url("other", "http")];

        Assert.Equal(4, urls.Distinct().Count());
        foreach (var url in urls)
            Assert.Equal(HttpStatusCode.OK, (await client.GetAsync(url, Cancellation)).StatusCode);
    }

    [Fact]
    public async Task A_port_in_use_is_reported_before_anything_starts()
    {
        using var used = new TcpListener(IPAddress.Loopback, 0);
        used.Start();
        var port = ((IPEndPoint)used.LocalEndpoint).Port;
        using var trial = new TrialManifest().Script("first", $"touch started").Server("server", port);

        var (code, _, error) = await RunAsync("--manifest", trial.File, "--no-dashboard");

        Assert.Equal(2, code);
        Assert.Contains($"resource 'server', binding 'http': port {port} is in use", error, StringComparison.Ordinal);
        Assert.Contains("--dynamic-ports", error, StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(trial.Folder, "started")));
    }

    [Fact]
    public async Task A_resource_that_does_not_become_healthy_ends_the_run_with_its_last_lines()
    {
        using var trial = new TrialManifest().Script("deaf", "echo I do not listen; exec sleep 1000", null, (int?)null);

        var (code, _, error) = await RunAsync("--manifest", trial.File, "--no-dashboard", "--timeout", "1");

        Assert.Equal(1, code);
        Assert.Contains("'deaf' is not healthy after 1 s", error, StringComparison.Ordinal);
        Assert.Contains("I do not listen", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--prots", "--prots")]
    [InlineData("--timeout soon", "1 to 3600")]
    [InlineData("--timeout 0", "1 to 3600")]
    [InlineData("--manifest --frob", "no option '--frob'")]
    [InlineData("--manifest /none.json", "/none.json does not exist; name a manifest that does")]
    [InlineData("--manifest /", "/ is a folder; name a manifest in it")]
    [InlineData("--start nobody", "--start nobody")]
    [InlineData("--parameter x", "--parameter name=value")]
    public async Task A_bad_argument_is_one_line_and_exit_code_2(string arguments, string expected)
    {
        var (code, _, error) = await RunAsync(arguments.Split(' '));

        Assert.Equal(2, code);
        Assert.Contains(expected, Assert.Single(error.TrimEnd().Split('\n')), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_state_file_that_cannot_be_is_one_line_and_exit_code_2()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "There is no /dev/null.");
        using var trial = new TrialManifest().Script("first", "touch started");

        var (code, _, error) = await ManifestHostProcess.RunAsync(["run", "--manifest", trial.File, "--no-dashboard", "--state", "/dev/null/x/topology.json"], Cancellation);

        Assert.Equal(2, code);
        Assert.Contains("--state /dev/null/x/topology.json: cannot be written", Assert.Single(error.TrimEnd().Split('\n')), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_program_that_is_not_installed_is_an_error_before_anything_starts()
    {
        using var trial = new TrialManifest().Add("absent", new { type = "executable.v0", workingDirectory = ".", command = "no-such-program" });

        var (code, _, error) = await RunAsync("--manifest", trial.File, "--no-dashboard");

        Assert.Equal(2, code);
        Assert.Contains("resource 'absent', key 'command': 'no-such-program' is not on PATH", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{nobody.bindings.http.url}", "refers to 'nobody', which is not in the manifest")]
    [InlineData("{catalog.bindings.none.url}", "refers to the binding 'none'")]
    [InlineData("{catalog", "never closed")]
    public async Task A_reference_that_leads_nowhere_is_said_by_resource_and_key_in_a_platforms_manifest_too(string reference, string expected)
    {
        using var manifest = new ManifestFile();
        manifest.Change("edge", "/env/X", reference);

        var (code, _, error) = await RunAsync("--manifest", manifest.File, "--no-dashboard");

        Assert.Equal(2, code);
        var line = Assert.Single(error.TrimEnd().Split('\n'));
        Assert.Contains("resource 'edge', env X: ", line, StringComparison.Ordinal);
        Assert.Contains(expected, line, StringComparison.Ordinal);
    }

    private static Task<(int ExitCode, string Output, string Error)> RunAsync(params string[] arguments) =>
        ManifestHostProcess.RunAsync(["run", "--state", Path.Combine(Directory.CreateTempSubdirectory("topology-").FullName, "topology.json"), .. arguments], Cancellation);

    private static IEnumerable<string?> States(ManifestHostProcess host) =>
        host.State.GetProperty("resources").EnumerateArray().Select(r => r.GetProperty("state").GetString());

    [GeneratedRegex(@"'crashing' ended with exit code 3 after [\d.]+ s; starting it again in 1 s")]
    private static partial Regex Crash1();
}
