using System.Text.Json;
using System.Text.RegularExpressions;
using Topology.ManifestHost.Commands;
using Topology.ManifestHost.Dashboard;
using Topology.ManifestHost.Output;
using Topology.ManifestHost.Running;

namespace Topology.Tests.ManifestHost;

/// <summary>
/// The environment that each resource gets here, beside the one it got from Aspire: <c>aspire-environment.json</c> was read
/// from the processes that Aspire 13.5's orchestrator had started for this AppHost, less what these had inherited.
/// </summary>
public sealed partial class GoldenEnvironmentTests
{
    private const string StateFile = "/state.json";
    private static readonly string[] Proxies = ["nginx", "apache", "haproxy"];

    private static readonly Dictionary<string, Dictionary<string, string>> Aspire = JsonSerializer.Deserialize<Dictionary<string, Dictionary<string, string>>>(
        File.ReadAllText(Path.Combine(Repository.Find()!.Root, "tests", "Topology.Tests", "ManifestHost", "aspire-environment.json")))!;

    /// <summary>Not here on purpose: <c>dotnet run</c> adds these, through which Aspire starts projects; here they are started without it.</summary>
    private static readonly string[] OfDotnetRun = ["DOTNET_ROOT_X64", "MSBUILDFAILONDRIVEENUMERATINGWILDCARD"];

    /// <summary>
    /// Not here on purpose: where the user has a trusted developer certificate, Aspire adds a folder with it, for OpenSSL. The run
    /// that the file was read from had none. Services here have certificates of the local authorities and trust those by themselves.
    /// </summary>
    private const string OfDeveloperCertificate = "SSL_CERT_DIR";

    /// <summary>Here only, on purpose: where the running topology is described, which Aspire's own tools tell there.</summary>
    private static readonly KeyValuePair<string, string> OfManifestHost = KeyValuePair.Create(ChildEnvironment.StateFileVariable, StateFile);

    public static TheoryData<string> Projects => [.. Aspire.Keys.Except(Proxies)];

    [Theory]
    [MemberData(nameof(Projects))]
    public void A_project_gets_what_Aspire_gave_it(string resource)
    {
        var expected = Aspire[resource].Where(entry => !OfDotnetRun.Contains(entry.Key) && entry.Key != OfDeveloperCertificate);
        // Not here on purpose: addresses of proxies that were not asked for. Who reads them would send to nobody.
        if (resource == "traffic")
            expected = expected.Where(entry => !Proxies.Any(proxy => entry.Key.StartsWith($"services__{proxy}__", StringComparison.Ordinal)));

        Assert.Equal(Lines(expected.Append(OfManifestHost)), Lines(Here(resource)!));
    }

    [Theory]
    [InlineData("nginx")]
    [InlineData("apache")]
    [InlineData("haproxy")]
    public void A_proxy_that_is_asked_for_gets_what_Aspire_gave_it_and_traffic_hears_of_it(string proxy)
    {
        var here = Here(proxy, proxy);
        Assert.SkipWhen(here is null, $"{proxy} is not installed.");

        Assert.Equal(Lines(Aspire[proxy].Where(entry => entry.Key != OfDeveloperCertificate)), Lines(here));
        Assert.Equal(Addresses(Aspire["traffic"]), Addresses(Here("traffic", proxy)!));

        IEnumerable<string> Addresses(Dictionary<string, string> traffic) => Lines(traffic).Where(line => line.StartsWith($"services__{proxy}__", StringComparison.Ordinal));
    }

    [Fact]
    public void Every_resource_of_the_lab_is_compared() =>
        Assert.Equal(Aspire.Keys.Order(), Plan().Manifest.Processes.Select(process => process.Name).Order());

    /// <summary>Null where the resource does not start on this machine.</summary>
    private static Dictionary<string, string>? Here(string resource, params string[] start)
    {
        var plan = Plan(start);
        using var ports = new PortPlan([.. plan.Bindings, .. AspireDashboard.Bindings], dynamic: false);
        return plan.Selected.FirstOrDefault(replica => replica.Name == resource) is { } replica
            ? plan.Environment(replica, binding => ports[binding], new Dictionary<string, string>(), new AspireDashboard(binding => ports[binding]).Target, StateFile)
            : null;
    }

    private static Plan Plan(params string[] start)
    {
        using var terminal = new Terminal();
        return Topology.ManifestHost.Running.Plan.Make(
            new RunOptions(Repository.Find()!.LabManifest, null, DynamicPorts: false, Dashboard: true, Build: false, [], start, [], TimeSpan.FromMinutes(1), StopWithParent: false),
            terminal);
    }

    /// <summary>Sorted; in place of what differs from run to run stands what it is.</summary>
    private static IEnumerable<string> Lines(IEnumerable<KeyValuePair<string, string>> environment) => environment
        .Select(entry => $"{entry.Key}={Instance().Replace(Key().Replace(entry.Value, "x-otlp-api-key={key}"), "service.instance.id={instance}")}")
        .Order(StringComparer.Ordinal);

    [GeneratedRegex("^x-otlp-api-key=[0-9a-f]{32}$")]
    private static partial Regex Key();

    [GeneratedRegex("^service\\.instance\\.id=[a-z]{8}$")]
    private static partial Regex Instance();
}
