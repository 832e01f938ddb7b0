namespace Topology.Tests.Infrastructure;

/// <summary>The proxies that are installed on this machine.</summary>
public static class InstalledProxies
{
    private static readonly Dictionary<string, (string[] Programs, string Package)> Known = new()
    {
        ["nginx"] = (["nginx"], "nginx-light"),
        ["apache"] = (["apache2", "httpd"], "apache2-bin"),
        ["haproxy"] = (["haproxy"], "haproxy"),
    };

    /// <summary>All known proxies, installed or not.</summary>
    public static TheoryData<string> All => ["nginx", "apache", "haproxy"];

    public static IReadOnlyList<string> Names { get; } = [.. Known.Keys.Where(IsInstalled)];

    /// <summary>Skips the test if the proxy is not installed.</summary>
    public static void Require(string proxy) =>
        Assert.SkipUnless(IsInstalled(proxy), $"{proxy} is not installed; on Debian: apt-get install {Known[proxy].Package}");

    public static bool IsInstalled(string proxy) => Known[proxy].Programs.Any(program => Programs.Find(program) is not null);
}
