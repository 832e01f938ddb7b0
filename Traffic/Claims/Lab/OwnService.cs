using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Topology.Comparison.Targets;
using Topology.Hardening.Certificates;

namespace Topology.Claims.Lab;

/// <summary>A program of the topology that a claim starts in its own process. Disposing ends it.</summary>
public sealed class OwnService : IAsyncDisposable
{
    private const string Started = "Application started.";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly Process _process;
    private readonly List<string> _lines = [];
    private readonly TaskCompletionSource _started = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private OwnService(Process process)
    {
        _process = process;
        process.OutputDataReceived += (_, line) => Keep(line.Data);
        process.ErrorDataReceived += (_, line) => Keep(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    /// <summary>The process id.</summary>
    public int Pid => _process.Id;

    /// <summary>Starts a program.</summary>
    /// <param name="project">The project's name, such as <c>Catalog</c>.</param>
    /// <param name="configuration">Configures the directory of the local authorities.</param>
    /// <param name="settings">The program's configuration.</param>
    /// <exception cref="InvalidOperationException">The program is not built.</exception>
    internal static OwnService Start(string project, IConfiguration configuration, IEnumerable<(string Key, string Value)> settings)
    {
        var root = Clone.Root() ?? throw new InvalidOperationException("the repository was not found above this program");
        var program = Clone.Program(root, project);
        if (!File.Exists(program))
        {
            throw new InvalidOperationException($"{project} is not built; run: dotnet build Topology.sln -c Release");
        }

        var start = new ProcessStartInfo(Clone.Dotnet)
        {
            ArgumentList = { "exec", program },
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        // This process's listeners and telemetry must not carry over to the new one.
        foreach (var name in start.Environment.Keys.Where(IsOwn).ToArray()) start.Environment.Remove(name);
        start.Environment["ASPNETCORE_ENVIRONMENT"] = "Development";
        start.Environment["DOTNET_ENVIRONMENT"] = "Development";
        var directory = $"{CertificateOptions.Section}:{nameof(CertificateOptions.Directory)}";
        if (configuration[directory] is { Length: > 0 } configured)
        {
            start.Environment[directory.Replace(":", "__", StringComparison.Ordinal)] = configured;
        }
        foreach (var (key, value) in settings) start.Environment[key.Replace(":", "__", StringComparison.Ordinal)] = value;
        return new(Process.Start(start)!);
    }

    /// <summary>A port that is currently free.</summary>
    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    /// <summary>Waits until the program has started or ended.</summary>
    /// <returns>Null if it has started; otherwise its exit code.</returns>
    public async Task<int?> StartedOrEndedAsync(CancellationToken cancellationToken)
    {
        var ended = _process.WaitForExitAsync(cancellationToken);
        await Task.WhenAny(_started.Task, ended).WaitAsync(Patience, cancellationToken);
        return _started.Task.IsCompleted ? null : _process.ExitCode;
    }

    /// <summary>The first output line that contains the text, or null.</summary>
    public string? Line(string text)
    {
        lock (_lines) return _lines.FirstOrDefault(line => line.Contains(text, StringComparison.OrdinalIgnoreCase))?.Trim();
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync(CancellationToken.None);
        }

        _process.Dispose();
    }

    private static bool IsOwn(string name) =>
        name.StartsWith("Topology__", StringComparison.OrdinalIgnoreCase)
            || name.StartsWith("services__", StringComparison.OrdinalIgnoreCase)
        || name.StartsWith("OTEL_", StringComparison.Ordinal)
            || name is "ASPNETCORE_URLS" or "HTTP_PORTS" or "HTTPS_PORTS" or "ASPNETCORE_HTTP_PORTS";

    private void Keep(string? line)
    {
        if (line is null) return;
        lock (_lines) _lines.Add(line);
        if (line.Contains(Started, StringComparison.Ordinal)) _started.TrySetResult();
    }
}
