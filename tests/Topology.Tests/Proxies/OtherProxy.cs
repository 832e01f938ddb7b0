using System.Diagnostics;
using Topology.Edge.Upstreams;
using Topology.Tests.Hardening;
using Topology.Tests.Infrastructure;

namespace Topology.Tests.Proxies;

/// <summary>One of Edge/Proxies, running on free ports in front of a backend that writes down what it sees.</summary>
public sealed class OtherProxy : IAsyncDisposable
{
    private readonly Process _process;

    private OtherProxy(Process process, Recorder backend, int http, int https) =>
        (_process, Backend, Http, Https) = (process, backend, new($"http://localhost:{http}"), new($"https://localhost:{https}"));

    public Recorder Backend { get; }

    public Uri Http { get; }

    public Uri Https { get; }

    /// <summary>Starts it, or skips the test where it is not installed.</summary>
    public static async Task<OtherProxy> StartAsync(string name)
    {
        InstalledProxies.Require(name);
        var backend = await Recorder.StartAsync();
        // It has the edge's certificate, which the edge makes when it starts.
        await using (ServiceHost.Start<UpstreamOptions>()) { }
        var ports = FreePorts.Take(2);
        var start = new ProcessStartInfo("sh", ["run", name])
        {
            WorkingDirectory = Path.Combine(Programs.Repository, "Edge", "Proxies"),
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment =
                { ["HTTP_PORT"] = $"{ports[0]}", ["HTTPS_PORT"] = $"{ports[1]}", ["Topology__Certificates__Directory"] =
                ServiceHost.CertificateDirectory },
        };
        foreach (var service in (string[])["CATALOG_1", "CATALOG_2", "ORDERS", "MEDIA", "LIVE"])
        {
            start.Environment[$"{service}_PORT"] = $"{backend.Url("internal").Port}";
            start.Environment[$"{service}_H2_PORT"] = $"{backend.Url("internal-h2").Port}";
        }

        var process = Process.Start(start)!;
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        var proxy = new OtherProxy(process, backend, ports[0], ports[1]);
        try
        {
            await Eventually.TrueAsync(proxy.AnswersAsync);
        }
        catch
        {
            await proxy.DisposeAsync();
            throw;
        }

        return proxy;
    }

    public async ValueTask DisposeAsync()
    {
        using (var kill = Process.Start("kill", ["-TERM", $"{_process.Id}"])) await kill.WaitForExitAsync();
        await _process.WaitForExitAsync();
        _process.Dispose();
        await Backend.DisposeAsync();
    }

    private async Task<bool> AnswersAsync()
    {
        using var client = new HttpClient(ServiceHost.Handler());
        try
        {
            using var response = await client.GetAsync(new Uri(Https, "/catalog/ready"));
            return response.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }
}
