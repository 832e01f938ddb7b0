using System.Text.Json;
using Microsoft.Extensions.Configuration;
using Topology.ManifestHost.Running;
using Topology.ServiceDefaults.Certificates;
using Topology.Tests.Infrastructure;
using Topology.Tests.Proxies;

[assembly: AssemblyFixture(typeof(ProxyLab))]

namespace Topology.Tests.Proxies;

/// <summary>The lab with every proxy that is installed, running on free ports; started once, by the first test that needs it.</summary>
public sealed class ProxyLab : IAsyncDisposable
{
    private static readonly Dictionary<string, (string[] Programs, string Package)> Known = new()
    {
        ["nginx"] = (["nginx"], "nginx-light"),
        ["apache"] = (["apache2", "httpd"], "apache2-bin"),
        ["haproxy"] = (["haproxy"], "haproxy"),
    };

    private readonly SemaphoreSlim _starting = new(1);
    private ManifestHostProcess? _host;

    public static TheoryData<string> Proxies => ["nginx", "apache", "haproxy"];

    public static bool IsInstalled(string proxy) => Known[proxy].Programs.Any(program => Executables.Find(program) is not null);

    public static IReadOnlyList<string> Installed { get; } = [.. Known.Keys.Where(IsInstalled)];

    /// <summary>Skips the test where the proxy, or on an empty name every proxy, is not installed.</summary>
    public static void Require(string proxy = "")
    {
        if (proxy.Length == 0) Assert.SkipWhen(Installed.Count == 0, "No proxy is installed; on Debian: apt-get install nginx-light apache2-bin haproxy");
        else Assert.SkipUnless(IsInstalled(proxy), $"{proxy} is not installed; on Debian: apt-get install {Known[proxy].Package}");
    }

    public async Task<ManifestHostProcess> StartAsync()
    {
        Require();
        await _starting.WaitAsync();
        try
        {
            return _host ??= await ManifestHostProcess.StartAsync(["--dynamic-ports", "--no-build", "--proxies", "all"]);
        }
        finally
        {
            _starting.Release();
        }
    }

    /// <summary>What Traffic is told of a running topology, from its state file.</summary>
    public static IConfiguration Configuration(ManifestHostProcess host) => new ConfigurationBuilder().AddInMemoryCollection(
    [
        new($"{CertificateOptions.Section}:{nameof(CertificateOptions.Directory)}", Path.Combine(ManifestHostProcess.DataHome, "topology", "certificates")),
        .. from resource in host.State.GetProperty("resources").EnumerateArray()
           where resource.GetProperty("name").GetString() != "traffic"
           let name = resource.GetProperty("name").GetString()!.Split("-1")[0]
           where !name.EndsWith("-2", StringComparison.Ordinal)
           from url in resource.GetProperty("urls").EnumerateObject()
           select KeyValuePair.Create($"services:{name}:{url.Name}:0", url.Value.GetString()),
    ]).Build();

    public async ValueTask DisposeAsync()
    {
        if (_host is not null) await _host.DisposeAsync();
        _starting.Dispose();
    }
}
