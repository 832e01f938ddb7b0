using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Topology.ManifestHost.Running;
using Topology.ServiceDefaults.Certificates;
using Topology.Tests.Infrastructure;
using Topology.Tests.ManifestHost;

namespace Topology.Tests.Proxies;

/// <summary>Edge/Proxies/run, and what ManifestHost makes of proxies that are absent, wrong or dying.</summary>
public sealed class LauncherTests
{
    private static readonly string Folder = Path.Combine(Repository.Find()!.Root, "Edge", "Proxies");

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public static TheoryData<string> Proxies => ProxyLab.Proxies;

    [Fact]
    public async Task A_value_that_is_missing_is_named()
    {
        ProxyLab.Require("haproxy");
        using var certificates = Certificates();
        await using var proxy = Launched.Start("haproxy", ("Topology__Certificates__Directory", certificates.Path), ("MEDIA_PORT", ""));
        Assert.NotEqual(0, await proxy.EndAsync());
        Assert.Equal("haproxy: haproxy.cfg asks for ${MEDIA_PORT}, which is not in the environment", proxy.Output.Trim());
    }

    [Theory]
    [MemberData(nameof(Proxies))]
    public async Task It_runs_without_privileges_and_leaves_nothing_behind(string name)
    {
        ProxyLab.Require(name);
        using var certificates = Certificates();
        using var temporary = new TemporaryFolder();
        var port = FreePorts.Take();
        await using var proxy = Launched.Start(
            name, ("Topology__Certificates__Directory", certificates.Path), ("TMPDIR", temporary.Path), ("HTTP_PORT", $"{port}"), ("HTTPS_PORT", $"{FreePorts.Take()}"));
        await Eventually.TrueAsync(() => IsListening(port));

        Assert.Single(Directory.GetDirectories(temporary.Path));
        var started = Below(proxy.Pid).ToList();
        Assert.NotEmpty(started);
        // One that prepares something may have ended since.
        var statuses = started.Select(Status).OfType<string>().ToList();
        Assert.NotEmpty(statuses);
        Assert.All(statuses, status => Assert.DoesNotContain("Uid:\t0\t", status, StringComparison.Ordinal));

        await Signals.SendAsync("TERM", proxy.Pid);
        await proxy.EndAsync();
        Assert.Empty(Directory.GetFileSystemEntries(temporary.Path));
        Assert.False(IsListening(port));
        await Eventually.TrueAsync(() => !started.Any(pid => Directory.Exists($"/proc/{pid}")));
    }

    private static string? Status(int pid)
    {
        try
        {
            return File.ReadAllText($"/proc/{pid}/status");
        }
        catch (IOException)
        {
            return null;
        }
    }

    [Theory]
    [InlineData("nginx", "Address already in use")]
    [InlineData("apache", "Address already in use")]
    [InlineData("haproxy", "cannot bind socket (Address already in use)")]
    public async Task A_port_in_use_is_told_in_the_proxys_own_words(string name, string expected)
    {
        ProxyLab.Require(name);
        using var certificates = Certificates();
        using var temporary = new TemporaryFolder();
        using var used = new TcpListener(IPAddress.Loopback, FreePorts.Take());
        used.Start();
        await using var proxy = Launched.Start(
            name, ("Topology__Certificates__Directory", certificates.Path), ("TMPDIR", temporary.Path), ("HTTP_PORT", $"{((IPEndPoint)used.LocalEndpoint).Port}"), ("HTTPS_PORT", $"{FreePorts.Take()}"));
        Assert.NotEqual(0, await proxy.EndAsync());
        Assert.Contains(expected, proxy.Output, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(temporary.Path));
    }

    [Fact]
    public async Task A_resource_whose_program_is_not_installed_is_left_out_and_so_is_its_address()
    {
        using var trial = new TrialManifest()
            .Script("absent", "exec sleep 1000", new { Topology__ExplicitStart = "true", Topology__Program = "no-such-proxy|nor-this", Topology__Install = "apt-get install it" }, (int?)null)
            .Script("reader", "echo has=[$services__absent__http__0] other=[$OTHER]; exec sleep 1000", new { services__absent__http__0 = "{absent.bindings.http.url}", OTHER = "kept" });
        await using var host = await TrialHost.StartAsync(trial, "--proxies", "absent");

        Assert.Contains(host.Lines, line => line.Contains("'absent' is left out: no-such-proxy or nor-this is not installed; on Debian: apt-get install it", StringComparison.Ordinal));
        Assert.Equal("not-started", host.Resource("absent").GetProperty("state").GetString());
        await host.UntilAsync(() => host.Output.Contains("has=[] other=[kept]", StringComparison.Ordinal), "the reader has read", TrialHost.Patience, Cancelled);
    }

    [Fact]
    public async Task What_never_comes_up_ends_the_run_soon_and_with_its_last_words()
    {
        using var trial = new TrialManifest().Script("wrong", "echo line 3: no such directive >&2; exit 1", null, (int?)null);
        var watch = Stopwatch.StartNew();
        var state = Path.Combine(Directory.CreateTempSubdirectory("topology-").FullName, "topology.json");
        var (code, _, error) = await ManifestHostProcess.RunAsync(["run", "--manifest", trial.File, "--no-dashboard", "--dynamic-ports", "--state", state], Cancelled);

        Assert.Equal(1, code);
        Assert.Contains("'wrong' ended with exit code 1, 3 times before it was up", error, StringComparison.Ordinal);
        Assert.Contains("no such directive", error, StringComparison.Ordinal);
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(20), $"It took {watch.Elapsed}.");
    }

    /// <summary>What a process has started, and what that has.</summary>
    private static IEnumerable<int> Below(int pid) =>
        ProcFs.All().Where(process => process.Value.Parent == pid).SelectMany(process => Below(process.Key).Prepend(process.Key));

    private static bool IsListening(int port)
    {
        try
        {
            using var client = new TcpClient("127.0.0.1", port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    /// <summary>The edge's public certificate, as the edge would have made it.</summary>
    private static TemporaryFolder Certificates()
    {
        var folder = new TemporaryFolder();
        using var leaf = new LocalAuthority(folder.Path, LocalAuthorities.Public, TimeProvider.System).GetLeaf("edge", ["localhost"]);
        return folder;
    }

    private sealed class TemporaryFolder : IDisposable
    {
        public string Path { get; } = Directory.CreateTempSubdirectory("topology-").FullName;

        public TemporaryFolder()
        {
            // An unprivileged proxy must be able to enter it.
            if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(Path, (UnixFileMode)Convert.ToInt32("755", 8));
        }

        public void Dispose() => Directory.Delete(Path, recursive: true);
    }

    private sealed class Launched : IAsyncDisposable
    {
        private readonly Process _process;
        private readonly Task<string[]> _output;

        private Launched(Process process)
        {
            _process = process;
            Pid = process.Id;
            _output = Task.WhenAll(process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        }

        public int Pid { get; }

        public string Output { get; private set; } = "";

        public static Launched Start(string proxy, params (string Name, string Value)[] environment)
        {
            var start = new ProcessStartInfo(Executables.Find("sh")!, ["run", proxy]) { WorkingDirectory = Folder, RedirectStandardOutput = true, RedirectStandardError = true };
            foreach (var backend in (string[])["CATALOG_1", "CATALOG_2", "ORDERS", "MEDIA", "LIVE"])
            {
                start.Environment[$"{backend}_PORT"] = start.Environment[$"{backend}_H2_PORT"] = "9";
            }

            start.Environment["HTTP_PORT"] = start.Environment["HTTPS_PORT"] = "9";
            foreach (var (name, value) in environment) start.Environment[name] = value;
            return new(Process.Start(start)!);
        }

        public async Task<int> EndAsync()
        {
            await _process.WaitForExitAsync(Cancelled).WaitAsync(TimeSpan.FromSeconds(20), Cancelled);
            Output = string.Concat(await _output);
            return _process.ExitCode;
        }

        public async ValueTask DisposeAsync()
        {
            if (!_process.HasExited)
            {
                await Signals.SendAsync("TERM", Pid);
                await _process.WaitForExitAsync();
            }

            _process.Dispose();
        }
    }
}
