using System.Collections;
using System.Globalization;
using System.Security.Cryptography;
using Topology.ManifestHost.Manifests;

namespace Topology.ManifestHost.Running;

/// <summary>Where and how services send telemetry.</summary>
/// <param name="OtlpUrl">The dashboard's OTLP/gRPC address.</param>
/// <param name="ApiKey">What it asks for as <c>x-otlp-api-key</c>.</param>
internal sealed record TelemetryTarget(string OtlpUrl, string ApiKey);

/// <summary>
/// The environment of children. A project gets what Aspire's run mode injects, then what the manifest says; nothing that was
/// meant for this host (its own ASPNETCORE_URLS, what MSBuild set for <c>dotnet run</c>) reaches it.
/// </summary>
internal static class ChildEnvironment
{
    public const string StateFileVariable = "TOPOLOGY_STATE_FILE";

    // DOTNET_SYSTEM_* and DOTNET_ROOT* say how .NET works on this machine (no ICU, where it is installed), not what to run.
    private static readonly string[] Kept = ["DOTNET_ROOT", "DOTNET_SYSTEM_"];
    private static readonly string[] Removed = ["DOTNET_", "ASPNETCORE_", "OTEL_", "DASHBOARD__", "MSBUILD", "Parameters__", "services__"];
    private static readonly string[] RemovedNames = ["URLS", "HTTP_PORTS", "HTTPS_PORTS", Guard.MarkerVariable, StateFileVariable];

    /// <summary>This process's environment without what would change how a child runs.</summary>
    public static Dictionary<string, string> Inherited() => Inherited(Current());

    /// <inheritdoc cref="Inherited()"/>
    public static Dictionary<string, string> Inherited(IReadOnlyDictionary<string, string> own) => own
        .Where(e => Kept.Any(prefix => Starts(e.Key, prefix)) || !(Removed.Any(prefix => Starts(e.Key, prefix)) || RemovedNames.Contains(e.Key, StringComparer.OrdinalIgnoreCase)))
        .ToDictionary(e => e.Key, e => e.Value);

    /// <summary>This process's environment for the tools of the SDK: without MSBuild's own variables, which name another build.</summary>
    public static Dictionary<string, string> ForTools()
    {
        var environment = Current().Where(e => !Starts(e.Key, "MSBUILD")).ToDictionary(e => e.Key, e => e.Value);
        // Build servers would stay behind when the host has long gone.
        environment["MSBUILDDISABLENODEREUSE"] = "1";
        environment["DOTNET_CLI_USE_MSBUILD_SERVER"] = "0";
        environment["DOTNET_NOLOGO"] = "1";
        return environment;
    }

    /// <summary>The environment of a project resource.</summary>
    /// <param name="name">The resource's name, which becomes the service's.</param>
    /// <param name="inherited">See <see cref="Inherited()"/>.</param>
    /// <param name="manifest">The resource's own environment, resolved; it wins.</param>
    /// <param name="telemetry">Null: nothing collects telemetry, so none is sent.</param>
    /// <param name="instance">Distinguishes this run's instance in telemetry.</param>
    /// <param name="stateFile">Absolute path of the file that will describe the running topology.</param>
    /// <param name="ports">Where the resource listens, in the order in which it declares its bindings.</param>
    public static Dictionary<string, string> ForProject(
        string name,
        IReadOnlyDictionary<string, string> inherited,
        IReadOnlyDictionary<string, string> manifest,
        TelemetryTarget? telemetry,
        string instance,
        string stateFile,
        IReadOnlyList<int> ports)
    {
        var environment = new Dictionary<string, string>(inherited)
        {
            ["DOTNET_SYSTEM_CONSOLE_ALLOW_ANSI_COLOR_REDIRECTION"] = "true",
            ["LOGGING__CONSOLE__FORMATTERNAME"] = "simple",
            ["OTEL_SERVICE_NAME"] = name,
            ["OTEL_RESOURCE_ATTRIBUTES"] = $"service.instance.id={instance}",
            ["OTEL_BLRP_SCHEDULE_DELAY"] = "1000",
            ["OTEL_BSP_SCHEDULE_DELAY"] = "1000",
            ["OTEL_METRIC_EXPORT_INTERVAL"] = "1000",
            ["OTEL_METRICS_EXEMPLAR_FILTER"] = "trace_based",
            ["OTEL_TRACES_SAMPLER"] = "always_on",
            ["OTEL_DOTNET_EXPERIMENTAL_ASPNETCORE_DISABLE_URL_QUERY_REDACTION"] = "true",
            ["OTEL_DOTNET_EXPERIMENTAL_HTTPCLIENT_DISABLE_URL_QUERY_REDACTION"] = "true",
            ["OTEL_DOTNET_EXPERIMENTAL_OTLP_RETRY"] = "in_memory",
            ["OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"] = "true",
            [StateFileVariable] = stateFile,
        };
        if (telemetry is not null)
        {
            environment["OTEL_EXPORTER_OTLP_ENDPOINT"] = telemetry.OtlpUrl;
            environment["OTEL_EXPORTER_OTLP_PROTOCOL"] = "grpc";
            environment["OTEL_EXPORTER_OTLP_HEADERS"] = $"x-otlp-api-key={telemetry.ApiKey}";
        }
        foreach (var (key, value) in manifest)
            environment[key] = value;
        UseLoopbackUrls(environment, ports);
        return environment;
    }

    /// <summary>A short random name for one instance of a resource.</summary>
    public static string NewInstance() => RandomNumberGenerator.GetString("abcdefghijklmnopqrstuvwxyz", 8);

    /// <summary>
    /// A published manifest says which ports a container listens on, on all its interfaces. Run mode says the same with URLs on
    /// localhost, and so do we: nothing is meant to be reached from other machines. Redirections lead to the first HTTPS port.
    /// </summary>
    private static void UseLoopbackUrls(Dictionary<string, string> environment, IReadOnlyList<int> declared)
    {
        IEnumerable<(string Scheme, string Port)> Take(string scheme, string variable) => environment.Remove(variable, out var ports)
            ? ports.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(port => (scheme, port))
            : [];

        var order = declared.Index().ToDictionary(entry => entry.Item.ToString(CultureInfo.InvariantCulture), entry => entry.Index);
        (string Scheme, string Port)[] listening = [.. Take("http", "HTTP_PORTS").Concat(Take("https", "HTTPS_PORTS")).OrderBy(entry => order.GetValueOrDefault(entry.Port, int.MaxValue))];
        if (listening.Length == 0 || !environment.TryAdd("ASPNETCORE_URLS", string.Join(';', listening.Select(entry => $"{entry.Scheme}://{ValueResolver.Host}:{entry.Port}"))))
            return;
        if (Array.Find(listening, entry => entry.Scheme == "https") is { Port: { } first })
            environment.TryAdd("ASPNETCORE_HTTPS_PORT", first);
    }

    private static Dictionary<string, string> Current() => Environment.GetEnvironmentVariables()
        .Cast<DictionaryEntry>()
        .ToDictionary(e => (string)e.Key, e => (string?)e.Value ?? "");

    private static bool Starts(string name, string prefix) => name.StartsWith(prefix, StringComparison.OrdinalIgnoreCase);
}
