using System.Globalization;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Topology.AppHost.Running;

/// <summary>The arguments or the machine must change before anything can start. The message says what to change.</summary>
internal sealed class TopologyException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>Builds and runs the application: <c>Topology:*</c> settings come from the command line or the environment.</summary>
internal static class TopologyRun
{
    private const int BadArguments = 2;

    /// <summary>Runs until it is stopped.</summary>
    /// <param name="args">The command line.</param>
    /// <param name="compose">Adds the resources.</param>
    /// <returns>0, or 2 where a setting or the machine has to change first; one line on standard error then says what.</returns>
    public static async Task<int> StartAsync(string[] args, Action<IDistributedApplicationBuilder> compose)
    {
        try
        {
            var builder = DistributedApplication.CreateBuilder(new DistributedApplicationOptions
            {
                Args = args,
                DisableDashboard = !Early(args).GetValue("Topology:Dashboard", defaultValue: true),
                // The dashboard listens on the loopback interface only, and asks for a token.
                AllowUnsecuredTransport = true,
            });
            if (builder.ExecutionContext.IsRunMode) builder.AddRun();
            compose(builder);
            if (builder.ExecutionContext.IsRunMode) FixedPorts.Check(builder);
            await using var app = builder.Build();
            await app.RunAsync();
            return 0;
        }
        catch (OperationCanceledException)
        {
            // It was stopped while it started.
            return 0;
        }
        catch (TopologyException exception)
        {
            // Nothing runs that would remove them at its end.
            if (Directory.Exists(TemporaryData)) Directory.Delete(TemporaryData, recursive: true);
            await Console.Error.WriteLineAsync(exception.Message);
            return BadArguments;
        }
    }

    /// <summary>Whether every endpoint gets a free port, so that several topologies can run at once.</summary>
    /// <exception cref="TopologyException">The setting is neither fixed nor dynamic.</exception>
    public static bool UsesDynamicPorts(this IDistributedApplicationBuilder builder) => builder.Configuration["Topology:Ports"] switch
    {
        null or "" or "fixed" => false,
        "dynamic" => true,
        var other => throw new TopologyException($"Topology:Ports is \"{other}\"; set fixed or dynamic."),
    };

    /// <summary>
    /// The folder of this topology's own data: <c>Topology:Data</c>, or a temporary one where ports are dynamic. Null for the
    /// topology on the fixed ports, whose services keep their data in the user's application data.
    /// </summary>
    public static string? DataFolder(this IDistributedApplicationBuilder builder) =>
        builder.Configuration["Topology:Data"] is { Length: > 0 } folder ? Path.GetFullPath(folder)
        : builder.UsesDynamicPorts() ? TemporaryData
        : null;

    /// <summary>Makes a folder of this topology's own data.</summary>
    /// <exception cref="TopologyException">It cannot be made.</exception>
    public static void MakeFolder(string folder)
    {
        try
        {
            Directory.CreateDirectory(folder);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new TopologyException(
                $"Topology:Data: {folder} cannot be made ({exception.Message.TrimEnd('.')}); name a folder that is yours.", exception);
        }
    }

    /// <summary>Where this run's data lie if nobody names a folder; removed at the end.</summary>
    internal static string TemporaryData { get; } =
        Path.Combine(
            Path.GetTempPath(),
            string.Create(CultureInfo.InvariantCulture, $"topology-{Environment.ProcessId}-{Guid.NewGuid().ToString("N")[..8]}"));

    private const string Persistence = "ASPIRE_DASHBOARD_PERSISTENCE_MODE";

    private static readonly Dictionary<string, (string Fixed, string Dynamic)> DashboardSettings = new()
    {
        ["DcpPublisher:RandomizePorts"] = ("false", "true"),
        ["ASPIRE_ALLOW_UNSECURED_TRANSPORT"] = ("true", "true"),
        // Empty: a free port.
        ["ASPNETCORE_URLS"] = ("http://localhost:18888", ""),
        ["ASPIRE_DASHBOARD_OTLP_ENDPOINT_URL"] = ("http://localhost:18889", ""),
        ["ASPIRE_DASHBOARD_OTLP_HTTP_ENDPOINT_URL"] = ("", ""),
        ["ASPIRE_RESOURCE_SERVICE_ENDPOINT_URL"] = ("http://localhost:18890", "http://127.0.0.1:0"),
    };

    private static void AddRun(this IDistributedApplicationBuilder builder)
    {
        foreach (var (setting, standard) in DashboardSettings)
        {
            // Launch settings and the Aspire CLI have their own; where ports are dynamic, the dashboard's are too.
            var given = builder.Configuration[setting];
            builder.Configuration[setting] = builder.UsesDynamicPorts() ? standard.Dynamic : given is { Length: > 0 } ? given
                : standard.Fixed;
        }

        // Otherwise the dashboard keeps every run on disk, some megabytes a minute. In memory it keeps the last 10,000 traces.
        if (builder.Configuration[Persistence] is null or "") builder.Configuration[Persistence] = "None";
        builder.MakeTraceKey();
        // What matters is announced in few lines; the rest is in the dashboard.
        builder.Services.AddLogging(logging => logging
            .AddFilter("Aspire", LogLevel.Warning)
            .AddFilter("Microsoft", LogLevel.Warning)
            // A start that fails is thrown as well, and one that is cancelled is no failure.
            .AddFilter("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.None)
            // That something is not healthy yet is no error; the dashboard shows it.
            .AddFilter("Microsoft.Extensions.Diagnostics.HealthChecks", LogLevel.None));
        builder.Services.Configure<ResourceNotificationServiceOptions>(
            options => options.DefaultWaitBehavior = WaitBehavior.WaitOnResourceUnavailable);
#pragma warning disable ASPIRECERTIFICATES001 // Experimental; without it the dashboard warns on every machine without a developer certificate.
        builder.Services.AddSingleton<IDeveloperCertificateService, LocalCertificate>();
#pragma warning restore ASPIRECERTIFICATES001
        builder.Services.AddSingleton<DashboardAddress>();
        // Before the orchestrator, whose start ends only when everything has started: until then something may already fail.
        foreach (var service in (Type[])[typeof(Announcements), typeof(Restarts), typeof(StateFile)])
        {
            builder.Services.Insert(0, ServiceDescriptor.Singleton(typeof(IHostedService), service));
        }
    }

    /// <summary>Whether there is a dashboard has to be known before the builder reads its configuration.</summary>
    private static IConfiguration Early(string[] args) => new ConfigurationBuilder().AddEnvironmentVariables().AddCommandLine(args).Build();
}
