using Microsoft.Extensions.Configuration;
using Topology.AppHost.Tests.Infrastructure;
using Topology.ServiceDefaults.Certificates;
using Topology.Tests.Infrastructure;

namespace Topology.AppHost.Tests.Proxies;

/// <summary>The proxies that this machine has.</summary>
public static class InstalledProxies
{
    private static readonly Dictionary<string, (string[] Programs, string Package)> Known = new()
    {
        ["nginx"] = (["nginx"], "nginx-light"),
        ["apache"] = (["apache2", "httpd"], "apache2-bin"),
        ["haproxy"] = (["haproxy"], "haproxy"),
    };

    /// <summary>All that are known, installed or not.</summary>
    public static TheoryData<string> All => ["nginx", "apache", "haproxy"];

    public static IReadOnlyList<string> Names { get; } = [.. Known.Keys.Where(IsInstalled)];

    /// <summary>Skips the test where the proxy is not installed.</summary>
    public static void Require(string proxy) =>
        Assert.SkipUnless(IsInstalled(proxy), $"{proxy} is not installed; on Debian: apt-get install {Known[proxy].Package}");

    /// <summary>What Traffic is told of a running topology: one address for each path and service.</summary>
    public static IConfiguration Configuration(RunningLab lab) => new ConfigurationBuilder().AddInMemoryCollection(
    [
        new($"{CertificateOptions.Section}:{nameof(CertificateOptions.Directory)}", Programs.Certificates),
        .. from resource in lab.State.GetProperty("resources").EnumerateArray()
           where resource.GetProperty("name").GetString() is not ("traffic" or "catalog-2")
           let name = resource.GetProperty("name").GetString()!.Split("-1")[0]
           where Known.Keys.All(proxy => proxy != name) || IsInstalled(name)
           from url in resource.GetProperty("urls").EnumerateObject()
           select KeyValuePair.Create($"services:{name}:{url.Name}:0", url.Value.GetString()),
    ]).Build();

    private static bool IsInstalled(string proxy) => Known[proxy].Programs.Any(program => Programs.Find(program) is not null);
}
