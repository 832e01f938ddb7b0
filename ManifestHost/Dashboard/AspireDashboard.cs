using System.Security.Cryptography;
using Topology.ManifestHost.Manifests;
using Topology.ManifestHost.Running;

namespace Topology.ManifestHost.Dashboard;

/// <summary>
/// The Aspire dashboard of one run: reachable from this machine only, by whoever has the token; it takes telemetry from
/// whoever has the key. Both are new each time.
/// </summary>
internal sealed class AspireDashboard
{
    public const string Name = "dashboard";

    /// <summary>Where it listens; the fixed ports are those Aspire uses for the dashboard alone.</summary>
    public static IReadOnlyList<Binding> Bindings { get; } =
    [
        new(Name, "frontend", "http", "tcp", "http", 18888),
        new(Name, "otlp-grpc", "http", "tcp", "http2", 18889),
        new(Name, "otlp-http", "http", "tcp", "http", 18890),
    ];

    private readonly string _token = RandomNumberGenerator.GetHexString(32, lowercase: true);
    private readonly string _key = RandomNumberGenerator.GetHexString(32, lowercase: true);
    private readonly string _frontend;
    private readonly string _otlpGrpc;
    private readonly string _otlpHttp;

    public AspireDashboard(Func<Binding, int> port)
    {
        string Url(int index) => ValueResolver.Url(Bindings[index], port(Bindings[index]));

        (_frontend, _otlpGrpc, _otlpHttp) = (Url(0), Url(1), Url(2));
    }

    public TelemetryTarget Target => new(_otlpGrpc, _key);

    public DashboardState State => new(_frontend, $"{_frontend}/login?t={_token}", _otlpGrpc);

    /// <param name="cli">The Aspire CLI.</param>
    /// <param name="folder">Its working directory.</param>
    /// <param name="onLine">Gets its log.</param>
    public Supervision Supervise(string cli, string folder, Action<string> onLine)
    {
        string[] arguments =
        [
            "dashboard", "run", "--frontend-url", _frontend, "--otlp-grpc-url", _otlpGrpc, "--otlp-http-url", _otlpHttp, "--nologo", "--non-interactive",
        ];
        var environment = CliEnvironment();
        environment["DASHBOARD__FRONTEND__AUTHMODE"] = "BrowserToken";
        environment["DASHBOARD__FRONTEND__BROWSERTOKEN"] = _token;
        environment["DASHBOARD__OTLP__AUTHMODE"] = "ApiKey";
        environment["DASHBOARD__OTLP__PRIMARYAPIKEY"] = _key;
        return new Supervision(
            Name,
            new ChildStart(cli, arguments, folder, environment),
            (report, cancellation) => HealthProbe.WaitForHealthAsync(http2: false, $"{_frontend}/health", report, cancellation),
            onLine);
    }

    /// <summary>The environment in which the Aspire CLI runs here.</summary>
    public static Dictionary<string, string> CliEnvironment()
    {
        var environment = ChildEnvironment.Inherited();
        environment.TryAdd("ASPIRE_CLI_TELEMETRY_OPTOUT", "true");
        environment["NO_COLOR"] = "1";
        return environment;
    }
}
