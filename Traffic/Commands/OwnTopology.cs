using System.Diagnostics;
using System.Runtime.InteropServices;
using Topology.Traffic.Targets;

namespace Topology.Traffic.Commands;

/// <summary>The topology for a measurement could not be started; the message says what to do.</summary>
public sealed class TopologyStartException(string message) : Exception(message);

/// <summary>A topology of a measurement's own: on free ports, without dashboard and telemetry, stopped with the measurement.</summary>
internal sealed class OwnTopology : IAsyncDisposable
{
    /// <summary>The proxies besides our edges, which start when they are named.</summary>
    public static IReadOnlyList<string> OtherProxies { get; } = ["nginx", "apache", "haproxy"];

    /// <summary>Instead of names: each proxy that is installed.</summary>
    public const string AllInstalled = "all";

    private const string HostName = "Topology.ManifestHost";
    private static readonly TimeSpan StartPatience = TimeSpan.FromMinutes(3);
    private static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(15);

    private readonly Process _host;
    private readonly Queue<string> _lastLines = new();

    private OwnTopology(Process host, string stateFile)
    {
        (_host, StateFile) = (host, stateFile);
        host.OutputDataReceived += (_, line) => Keep(line.Data);
        host.ErrorDataReceived += (_, line) => Keep(line.Data);
        host.BeginOutputReadLine();
        host.BeginErrorReadLine();
    }

    public string StateFile { get; }

    /// <summary>The state file of the topology that <c>./topology run</c> starts; null outside a clone.</summary>
    public static string? DefaultStateFile() =>
        Environment.GetEnvironmentVariable(RunningTopology.FileKey) is { Length: > 0 } file ? file
        : Root() is { } root ? Path.Combine(root, "artifacts", "topology.json")
        : null;

    /// <summary>Starts everything the paths need and returns once it is healthy.</summary>
    /// <param name="paths">Proxies that only start when named are named.</param>
    /// <param name="cancellationToken">Gives up and stops what has started.</param>
    public static async Task<OwnTopology> StartAsync(IReadOnlyList<string> paths, CancellationToken cancellationToken)
    {
        var root = Root() ?? throw new TopologyStartException("The repository was not found above this program; run ./topology compare in a clone, or measure a running topology with --attach.");
        var host = Path.Combine(root, "artifacts", "bin", "ManifestHost", "release", $"{HostName}.dll");
        if (!File.Exists(host)) await BuildHostAsync(root, cancellationToken);

        var stateFile = Path.Combine(Path.GetTempPath(), $"topology-{Guid.NewGuid():N}.json");
        var start = new ProcessStartInfo(Dotnet)
        {
            WorkingDirectory = root,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
            ArgumentList = { host, "run", "--dynamic-ports", "--no-dashboard", "--stop-with-parent", "--state", stateFile },
        };
        string[] optional = [.. paths.Where(path => path == AllInstalled || OtherProxies.Contains(path))];
        if (optional.Length > 0)
        {
            start.ArgumentList.Add("--start");
            start.ArgumentList.Add(string.Join(',', optional));
        }

        // What is measured must not compete with pairs that nobody looks at.
        start.Environment["Traffic__PairsPerSecond"] = "0";
        await Console.Error.WriteLineAsync("Starting a topology for the measurement …");
        var topology = new OwnTopology(Process.Start(start)!, stateFile);
        try
        {
            await topology.WaitAsync(cancellationToken);
            return topology;
        }
        catch
        {
            await topology.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (!_host.HasExited)
        {
            Interrupt();
            using var patience = new CancellationTokenSource(StopPatience);
            try
            {
                await _host.WaitForExitAsync(patience.Token);
            }
            catch (OperationCanceledException)
            {
                _host.Kill(entireProcessTree: true);
            }
        }

        _host.Dispose();
        File.Delete(StateFile);
    }

    /// <summary>The host builds the services itself; only it has to be there.</summary>
    private static async Task BuildHostAsync(string root, CancellationToken cancellationToken)
    {
        using var build = Process.Start(new ProcessStartInfo(Dotnet, ["build", "ManifestHost", "--configuration", "Release", "--verbosity", "quiet", "--nologo"])
        {
            WorkingDirectory = root,
            RedirectStandardOutput = true,
        })!;
        var output = await build.StandardOutput.ReadToEndAsync(cancellationToken);
        await build.WaitForExitAsync(cancellationToken);
        if (build.ExitCode != 0) throw new TopologyStartException($"The topology could not be built:\n{output}");
    }

    /// <summary>The program that runs programs: the one that runs this, where there is one.</summary>
    internal static string Dotnet => Environment.ProcessPath is { } program && Path.GetFileNameWithoutExtension(program) == "dotnet" ? program : "dotnet";

    private async Task WaitAsync(CancellationToken cancellationToken)
    {
        var started = Stopwatch.GetTimestamp();
        while (RunningTopology.Read(StateFile) is null)
        {
            if (_host.HasExited || Stopwatch.GetElapsedTime(started) > StartPatience)
            {
                lock (_lastLines) throw new TopologyStartException($"The topology did not start:\n{string.Join('\n', _lastLines)}");
            }

            await Task.Delay(100, cancellationToken);
        }
    }

    private void Keep(string? line)
    {
        const int Kept = 20;
        if (line is null) return;
        lock (_lastLines)
        {
            if (_lastLines.Count == Kept) _lastLines.Dequeue();
            _lastLines.Enqueue(line);
        }
    }

    /// <summary>As Ctrl+C does, so that the host stops what it started.</summary>
    private void Interrupt()
    {
        if (OperatingSystem.IsWindows()) _host.Kill(entireProcessTree: true);
        else _ = PosixSignals.Interrupt(_host.Id);
    }

    /// <summary>The folder with the solution, above this program or the current folder.</summary>
    internal static string? Root()
    {
        foreach (var from in (string[])[AppContext.BaseDirectory, Environment.CurrentDirectory])
        {
            for (var folder = new DirectoryInfo(from); folder is not null; folder = folder.Parent)
            {
                if (File.Exists(Path.Combine(folder.FullName, "Topology.sln"))) return folder.FullName;
            }
        }

        return null;
    }
}

/// <summary>Signals to other processes.</summary>
internal static partial class PosixSignals
{
    private const int Terminate = 15;

    /// <summary>Asks a process to end, as Ctrl+C does.</summary>
    public static int Interrupt(int pid) => kill(pid, Terminate);

    [LibraryImport("libc")]
    private static partial int kill(int pid, int signal);
}
