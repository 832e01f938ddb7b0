using System.Globalization;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Topology.AppHost.Running;

/// <summary>The arguments or the machine prevent startup. The message says what to change.</summary>
internal sealed class TopologyException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>Builds and runs the application. <c>Topology:*</c> settings come from the command line or the environment.</summary>
internal static class TopologyRun
{
    private const int BadArguments = 2;

    /// <summary>Runs until stopped.</summary>
    /// <param name="args">The command-line arguments.</param>
    /// <param name="compose">Adds the resources.</param>
    /// <returns>0, or 2 if a setting or the machine prevents startup. Standard error then says what to change.</returns>
    public static async Task<int> StartAsync(string[] args, Action<IDistributedApplicationBuilder> compose)
    {
        try
        {
            var builder = DistributedApplication.CreateBuilder(new DistributedApplicationOptions
            {
                Args = args,
                DisableDashboard = !Early(args).GetValue("Topology:Dashboard", defaultValue: true),
                // Cleartext is acceptable here: the dashboard listens only on loopback and requires a token.
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
            // Stopped during startup.
            return 0;
        }
        catch (TopologyException exception)
        {
            // Startup failed, so no shutdown handler removes this data.
            if (Directory.Exists(TemporaryData)) Directory.Delete(TemporaryData, recursive: true);
            await Console.Error.WriteLineAsync(exception.Message);
            return BadArguments;
        }
    }

    /// <summary>Whether every endpoint gets a dynamic port, so that several topologies can run at the same time.</summary>
    /// <exception cref="TopologyException"><c>Topology:Ports</c> is neither fixed nor dynamic.</exception>
    public static bool UsesDynamicPorts(this IDistributedApplicationBuilder builder) => builder.Configuration["Topology:Ports"] switch
    {
        null or "" or "fixed" => false,
        "dynamic" => true,
        var other => throw new TopologyException($"Topology:Ports is \"{other}\"; set fixed or dynamic."),
    };

    /// <summary>
    /// This run's data folder: <c>Topology:Data</c> if it is set. Otherwise a temporary folder if ports are dynamic, or null if
    /// they are fixed; the services then use the user's application data.
    /// </summary>
    public static string? DataFolder(this IDistributedApplicationBuilder builder) =>
        builder.Configuration["Topology:Data"] is { Length: > 0 } folder ? Path.GetFullPath(folder)
        : builder.UsesDynamicPorts() ? TemporaryData
        : null;

    /// <summary>Creates a data folder.</summary>
    /// <exception cref="TopologyException">The folder cannot be created.</exception>
    public static void MakeFolder(string folder)
    {
        try
        {
            Directory.CreateDirectory(folder);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new TopologyException(
                $"Topology:Data: {folder} cannot be created ({exception.Message.TrimEnd('.')}); choose a writable folder.", exception);
        }
    }

    /// <summary>The default data folder with dynamic ports. It is removed at shutdown.</summary>
    internal static string TemporaryData { get; } = Path.Combine(
            Path.GetTempPath(),
            string.Create(CultureInfo.InvariantCulture, $"topology-{Environment.ProcessId}-{Guid.NewGuid().ToString("N")[..8]}"));

    private const string Persistence = "ASPIRE_DASHBOARD_PERSISTENCE_MODE";

    private static readonly Dictionary<string, (string Fixed, string Dynamic)> DashboardSettings = new()
    {
        ["DcpPublisher:RandomizePorts"] = ("false", "true"),
        ["ASPIRE_ALLOW_UNSECURED_TRANSPORT"] = ("true", "true"),
        // Empty selects a free port.
        ["ASPNETCORE_URLS"] = ("http://localhost:18888", ""),
        ["ASPIRE_DASHBOARD_OTLP_ENDPOINT_URL"] = ("http://localhost:18889", ""),
        ["ASPIRE_DASHBOARD_OTLP_HTTP_ENDPOINT_URL"] = ("", ""),
        ["ASPIRE_RESOURCE_SERVICE_ENDPOINT_URL"] = ("http://localhost:18890", "http://127.0.0.1:0"),
    };

    private static void AddRun(this IDistributedApplicationBuilder builder)
    {
        foreach (var (setting, standard) in DashboardSettings)
        {
            // Launch settings and the Aspire CLI set these too. With dynamic ports their values are ignored, because the
            // dashboard's ports must also be dynamic.
            var given = builder.Configuration[setting];
            builder.Configuration[setting] = builder.UsesDynamicPorts() ? standard.Dynamic : given is { Length: > 0 } ? given
                : standard.Fixed;
        }

        // By default the dashboard stores every run on disk, several megabytes per minute. In memory it keeps the last 10,000
        // traces.
        if (builder.Configuration[Persistence] is null or "") builder.Configuration[Persistence] = "None";
        builder.MakeTraceKey();
        // The terminal shows only important events. The dashboard has the full logs.
        builder.Services.AddLogging(logging => logging
            .AddFilter("Aspire", LogLevel.Warning)
            .AddFilter("Microsoft", LogLevel.Warning)
            // No log is needed: a failed start also throws, and a canceled start is not an error.
            .AddFilter("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.None)
            // A resource that is not healthy yet is not an error. The dashboard shows it.
            .AddFilter("Microsoft.Extensions.Diagnostics.HealthChecks", LogLevel.None));
        builder.Services.Configure<ResourceNotificationServiceOptions>(
            options => options.DefaultWaitBehavior = WaitBehavior.WaitOnResourceUnavailable);
#pragma warning disable ASPIRECERTIFICATES001 // Experimental; avoids a dashboard warning without a developer certificate.
        builder.Services.AddSingleton<IDeveloperCertificateService, LocalCertificate>();
#pragma warning restore ASPIRECERTIFICATES001
        builder.Services.AddSingleton<DashboardAddress>();
        // Register these before the orchestrator, so that they start first. The orchestrator's start completes only when all resources have
        // started, and a resource may fail before that.
        foreach (var service in (Type[])[typeof(Announcements), typeof(Restarts), typeof(StateFile)])
        {
            builder.Services.Insert(0, ServiceDescriptor.Singleton(typeof(IHostedService), service));
        }
    }

    /// <summary>Reads the configuration early, because the dashboard setting must be known before the builder reads its own.</summary>
    private static IConfiguration Early(string[] args) => new ConfigurationBuilder().AddEnvironmentVariables().AddCommandLine(args).Build();
}
