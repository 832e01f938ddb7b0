using Topology.ManifestHost.Running;

namespace Topology.Tests.ManifestHost;

public sealed class ChildEnvironmentTests
{
    private static readonly Dictionary<string, string> Empty = [];

    [Fact]
    public void A_project_gets_what_run_mode_injects()
    {
        var environment = ChildEnvironment.ForProject("edge", Empty, Empty, new TelemetryTarget("http://localhost:18889", "secret"), "abcdefgh", "/state.json", []);

        Assert.Equal(new Dictionary<string, string>
        {
            ["DOTNET_SYSTEM_CONSOLE_ALLOW_ANSI_COLOR_REDIRECTION"] = "true",
            ["LOGGING__CONSOLE__FORMATTERNAME"] = "simple",
            ["OTEL_BLRP_SCHEDULE_DELAY"] = "1000",
            ["OTEL_BSP_SCHEDULE_DELAY"] = "1000",
            ["OTEL_METRIC_EXPORT_INTERVAL"] = "1000",
            ["OTEL_DOTNET_EXPERIMENTAL_ASPNETCORE_DISABLE_URL_QUERY_REDACTION"] = "true",
            ["OTEL_DOTNET_EXPERIMENTAL_HTTPCLIENT_DISABLE_URL_QUERY_REDACTION"] = "true",
            ["OTEL_DOTNET_EXPERIMENTAL_OTLP_RETRY"] = "in_memory",
            ["OTEL_EXPORTER_OTLP_ENDPOINT"] = "http://localhost:18889",
            ["OTEL_EXPORTER_OTLP_HEADERS"] = "x-otlp-api-key=secret",
            ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "grpc",
            ["OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"] = "true",
            ["OTEL_METRICS_EXEMPLAR_FILTER"] = "trace_based",
            ["OTEL_RESOURCE_ATTRIBUTES"] = "service.instance.id=abcdefgh",
            ["OTEL_SERVICE_NAME"] = "edge",
            ["OTEL_TRACES_SAMPLER"] = "always_on",
            ["TOPOLOGY_STATE_FILE"] = "/state.json",
        }, environment);
    }

    [Fact]
    public void Without_a_dashboard_nothing_is_exported() =>
        Assert.DoesNotContain(Project(Empty).Keys, name => name.StartsWith("OTEL_EXPORTER", StringComparison.Ordinal));

    [Fact]
    public void The_manifest_wins_over_what_is_injected() =>
        Assert.Equal("always_off", Project(new() { ["OTEL_TRACES_SAMPLER"] = "always_off" })["OTEL_TRACES_SAMPLER"]);

    [Fact]
    public void Published_ports_become_urls_on_loopback()
    {
        var environment = Project(new() { ["HTTP_PORTS"] = "5310;5312", ["HTTPS_PORTS"] = "5311" });

        Assert.Equal("http://localhost:5310;https://localhost:5311;http://localhost:5312", environment["ASPNETCORE_URLS"]);
        Assert.Equal("5311", environment["ASPNETCORE_HTTPS_PORT"]);
        Assert.DoesNotContain("HTTP_PORTS", environment.Keys);
        Assert.DoesNotContain("HTTPS_PORTS", environment.Keys);
    }

    [Theory]
    [InlineData("ASPNETCORE_URLS", false)]
    [InlineData("ASPNETCORE_ENVIRONMENT", false)]
    [InlineData("DOTNET_ENVIRONMENT", false)]
    [InlineData("DOTNET_STARTUP_HOOKS", false)]
    [InlineData("DOTNET_gcServer", false)]
    [InlineData("OTEL_SDK_DISABLED", false)]
    [InlineData("MSBuildSDKsPath", false)]
    [InlineData("HTTP_PORTS", false)]
    [InlineData("Parameters__password", false)]
    [InlineData("TOPOLOGY_HOST", false)]
    [InlineData("DOTNET_ROOT", true)]
    [InlineData("DOTNET_SYSTEM_GLOBALIZATION_INVARIANT", true)]
    [InlineData("PATH", true)]
    [InlineData("HOME", true)]
    [InlineData("Logging__LogLevel__Default", true)]
    public void Only_what_does_not_change_how_a_child_runs_is_inherited(string name, bool inherited) =>
        Assert.Equal(inherited, ChildEnvironment.Inherited(new Dictionary<string, string> { [name] = "x" }).ContainsKey(name));

    [Fact]
    public void Instances_have_different_names() => Assert.NotEqual(ChildEnvironment.NewInstance(), ChildEnvironment.NewInstance());

    private static Dictionary<string, string> Project(Dictionary<string, string> manifest) =>
        ChildEnvironment.ForProject("edge", Empty, manifest, telemetry: null, "i", "/state.json", [5310, 5311, 5312]);
}
