using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Aspire.Hosting;
using Topology.AppHost.Lab;
using Topology.AppHost.Running;
using Topology.Hardening.Certificates;
using Topology.Tests.Infrastructure;

namespace Topology.AppHost.Tests.Proxies;

/// <summary>Edge/Proxies/run, with proxies that are missing, misconfigured or killed.</summary>
public sealed class LauncherTests
{
    private static readonly string Folder = Path.Combine(Programs.Repository, "Edge", "Proxies");

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public static TheoryData<string> Proxies => InstalledProxies.All;

    [Fact]
    public async Task A_value_that_is_missing_is_named()
    {
        InstalledProxies.Require("haproxy");
        using var certificates = Certificates();
        await using var proxy = Launched.Start("haproxy", ("Topology__Certificates__Directory", certificates.Path), ("MEDIA_PORT", ""));
        Assert.NotEqual(0, await proxy.EndAsync());
        Assert.Equal("haproxy: haproxy.cfg asks for ${MEDIA_PORT}, which is not in the environment", proxy.Output.Trim());
    }

    [Theory]
    [MemberData(nameof(Proxies))]
    public async Task It_runs_without_privileges_and_leaves_nothing_behind(string name)
    {
        InstalledProxies.Require(name);
        using var certificates = Certificates();
        using var temporary = new TemporaryFolder();
        var port = FreePorts.Take();
        await using var proxy = Launched.Start(
            name, ("Topology__Certificates__Directory", certificates.Path), ("TMPDIR", temporary.Path), ("HTTP_PORT", $"{port}"),
                ("HTTPS_PORT", $"{FreePorts.Take()}"));
        await Eventually.TrueAsync(() => IsListening(port));

        Assert.Single(Directory.GetDirectories(temporary.Path));
        var started = Programs.Below(proxy.Pid);
        Assert.NotEmpty(started);
        // A process that only prepares something may have ended.
        var statuses = started.Select(Status).OfType<string>().ToList();
        Assert.NotEmpty(statuses);
        Assert.All(statuses, status => Assert.DoesNotContain("Uid:\t0\t", status, StringComparison.Ordinal));

        await Programs.SignalAsync("TERM", proxy.Pid);
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
        InstalledProxies.Require(name);
        using var certificates = Certificates();
        using var temporary = new TemporaryFolder();
        using var used = new TcpListener(IPAddress.Loopback, FreePorts.Take());
        used.Start();
        await using var proxy = Launched.Start(
            name, ("Topology__Certificates__Directory", certificates.Path), ("TMPDIR", temporary.Path),
                ("HTTP_PORT", $"{((IPEndPoint)used.LocalEndpoint).Port}"), ("HTTPS_PORT", $"{FreePorts.Take()}"));
        Assert.NotEqual(0, await proxy.EndAsync());
        Assert.Contains(expected, proxy.Output, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(temporary.Path));
    }

    [Fact]
    public void A_proxy_that_is_named_and_not_installed_is_said_in_one_line()
    {
        var builder = DistributedApplication.CreateBuilder(["--Topology:Start=absent"]);
        var problem = Assert.Throws<TopologyException>(
            () => builder.AddProxy("absent", 5290, programs: ["no-such-program", "nor-this"], package: "absent-package"));
        Assert.Equal(
            "absent is not installed; on Debian: apt-get install absent-package. Or leave it out of Topology:Start.", problem.Message);
    }

    [Fact]
    public async Task A_proxy_that_nobody_knows_is_said_in_one_line_before_anything_starts()
    {
        using var process = Programs.Start("AppHost", ["--Topology:Start=nginx,no-such-proxy", "--Topology:Ports=dynamic"]);
        var (code, output, error) = await Programs.EndAsync(process, Cancelled);
        Assert.Equal((2, ""), (code, output));
        Assert.Equal("Topology:Start names \"no-such-proxy\"; use some of nginx, apache, haproxy, or all.", error.Trim());
    }

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

    /// <summary>The edge's public certificate, as the edge creates it.</summary>
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
            // An unprivileged proxy must have access.
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
            var start = new ProcessStartInfo("/bin/sh", ["run", proxy])
            { WorkingDirectory = Folder, RedirectStandardOutput = true, RedirectStandardError = true };
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
                await Programs.SignalAsync("TERM", Pid);
                await _process.WaitForExitAsync();
            }

            _process.Dispose();
        }
    }
}
