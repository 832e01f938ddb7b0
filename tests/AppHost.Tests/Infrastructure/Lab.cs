using System.Diagnostics;
using System.Text.Json;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Testing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Topology.AppHost.Tests.Infrastructure;
using Topology.Hardening.Certificates;
using Topology.Tests.Infrastructure;

[assembly: AssemblyFixture(typeof(Lab))]

namespace Topology.AppHost.Tests.Infrastructure;

/// <summary>
/// The lab under Aspire's own orchestrator, with its dashboard and every proxy that is installed, on free ports; started once, by
/// the first test that needs it.
/// </summary>
public sealed class Lab : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);
    private readonly SemaphoreSlim _starting = new(1);
    private RunningLab? _running;

    public async Task<RunningLab> StartAsync()
    {
        await _starting.WaitAsync();
        try
        {
            return _running ??= await StartNowAsync();
        }
        finally
        {
            _starting.Release();
        }
    }

    /// <summary>A client that trusts the public authority of what tests start.</summary>
    public static SocketsHttpHandler Handler()
    {
        var handler = new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false, UseCookies = false };
        handler.SslOptions.CertificateChainPolicy = new()
        {
            TrustMode = System.Security.Cryptography.X509Certificates.X509ChainTrustMode.CustomRootTrust,
            RevocationMode = System.Security.Cryptography.X509Certificates.X509RevocationMode.NoCheck,
        };
        handler.SslOptions.CertificateChainPolicy.CustomTrustStore.AddRange(
            new LocalAuthority(Programs.Certificates, LocalAuthorities.Public, TimeProvider.System).Trusted());
        return handler;
    }

    public async ValueTask DisposeAsync()
    {
        if (_running is not null) await _running.DisposeAsync();
        _starting.Dispose();
    }

    private static async Task<RunningLab> StartNowAsync()
    {
        var stateFile = Path.Combine(Directory.CreateTempSubdirectory("topology-state-").FullName, "topology.json");
        var options = new DistributedApplicationTestingBuilderOptions { EnableDashboard = true };
        var builder = await DistributedApplicationTestingBuilder.CreateAsync<Projects.AppHost>(options,
        [
            "--Topology:Ports=dynamic", "--Topology:Start=all", "--Topology:Quiet=true", $"--Topology:State={stateFile}",
            $"--Topology:Certificates:Directory={Programs.Certificates}", "--ASPIRE_DASHBOARD_PERSISTENCE_MODE=None",
        ]);
        // The dashboard's dialogs are switched off under tests unless they are asked for.
        builder.Configuration["ASPIRE_INTERACTIVITY_ENABLED"] = "true";
        var app = await builder.BuildAsync();
        var lab = new RunningLab(app, stateFile);
        try
        {
            await app.StartAsync();
            var watch = Stopwatch.StartNew();
            while (!(File.Exists(stateFile) && lab.State.GetProperty("healthy").GetBoolean()))
            {
                if (watch.Elapsed > Patience)
                {
                    throw new InvalidOperationException(
                        $"The lab is not healthy: {(File.Exists(stateFile) ? lab.State : "no state file")}");
                }
                await Task.Delay(100);
            }

            return lab;
        }
        catch
        {
            await lab.DisposeAsync();
            throw;
        }
    }
}

/// <summary>The lab while it runs.</summary>
public sealed class RunningLab(DistributedApplication app, string stateFile) : IAsyncDisposable
{
    /// <summary>
    /// The collection of the tests that share this lab. They run one after another: some of them kill or restart a part of it.
    /// </summary>
    public const string Collection = "the running lab";

    public DistributedApplication App => app;

    public string StateFile => stateFile;

    /// <summary>The state file as it is now.</summary>
    public JsonElement State
    {
        get
        {
            using var document = JsonDocument.Parse(File.ReadAllText(stateFile));
            return document.RootElement.Clone();
        }
    }

    /// <summary>The URL of a resource's endpoint, such as <c>Url("edge", "http")</c>.</summary>
    public Uri Url(string resource, string endpoint) => app.GetEndpoint(resource, endpoint);

    /// <summary>The id of a resource's process.</summary>
    public int Pid(string resource) => Resource(resource).GetProperty("pid").GetInt32();

    /// <summary>One entry of the state file's <c>resources</c>.</summary>
    public JsonElement Resource(string name) =>
        State.GetProperty("resources").EnumerateArray().Single(resource => resource.GetProperty("name").GetString() == name);

    /// <summary>Gives a command of a resource, as the dashboard and the Aspire CLI do.</summary>
    public Task<ExecuteCommandResult> CommandAsync(string resource, string command, params IReadOnlyList<InteractionInput> inputs) =>
        app.Services.GetRequiredService<ResourceCommandService>()
            .ExecuteCommandAsync(resource, command, new InteractionInputCollection(inputs), TestContext.Current.CancellationToken);

    /// <summary>The dashboard's own API.</summary>
    public DashboardApi Dashboard()
    {
        var login = new Uri(State.GetProperty("dashboard").GetProperty("loginUrl").GetString()!);
        var client = new HttpClient { BaseAddress = new(login, "/") };
        client.DefaultRequestHeaders.Add("X-API-Key", app.Services.GetRequiredService<IConfiguration>()["AppHost:DashboardApiKey"]);
        return new(client, login);
    }

    /// <summary>What Traffic is told of this lab: one address for each path and service.</summary>
    public IConfiguration ForTraffic() => new ConfigurationBuilder().AddInMemoryCollection(
    [
        new($"{CertificateOptions.Section}:{nameof(CertificateOptions.Directory)}", Programs.Certificates),
        .. from resource in State.GetProperty("resources").EnumerateArray()
           where resource.GetProperty("state").GetString() == "running"
               && resource.GetProperty("name").GetString() is not ("traffic" or "catalog-2")
           let name = resource.GetProperty("name").GetString()!.Split("-1")[0]
           from url in resource.GetProperty("urls").EnumerateObject()
           select KeyValuePair.Create($"services:{name}:{url.Name}:0", url.Value.GetString()),
    ]).Build();

    public async ValueTask DisposeAsync()
    {
        try
        {
            await app.StopAsync();
        }
        finally
        {
            await app.DisposeAsync();
        }
    }
}
