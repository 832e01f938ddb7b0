using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using Topology.Comparison.Targets;

namespace Topology.CommandLine;

/// <summary>Thrown when there is no topology to measure. The message says what to do. The command exits with the status.</summary>
public sealed class TopologyStartException(string message, int status = 1) : Exception(message)
{
    /// <summary>The exit status.</summary>
    public int Status => status;
}

/// <summary>A topology for one measurement, on free ports and without dashboard and telemetry; it stops with the measurement.</summary>
internal sealed class OwnTopology : IAsyncDisposable
{
    /// <summary>The proxies besides our edges. They start only if named.</summary>
    public static IReadOnlyList<string> OtherProxies { get; } = ["nginx", "apache", "haproxy"];

    /// <summary>Stands for every installed proxy.</summary>
    public const string AllInstalled = "all";

    private static readonly TimeSpan StartPatience = TimeSpan.FromMinutes(3);
    private static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(15);

    private readonly Process _appHost;
    private readonly string _folder;
    private readonly Queue<string> _lastLines = new();

    private OwnTopology(Process appHost, string folder)
    {
        (_appHost, _folder) = (appHost, folder);
        appHost.OutputDataReceived += (_, line) => Keep(line.Data);
        appHost.ErrorDataReceived += (_, line) => Keep(line.Data);
        appHost.BeginOutputReadLine();
        appHost.BeginErrorReadLine();
    }

    /// <summary>The file in which the topology describes itself.</summary>
    public string StateFile => StateFileIn(_folder);

    /// <summary>Starts everything the paths need and returns when it is healthy.</summary>
    /// <param name="paths">The paths to measure, with the proxies to start.</param>
    /// <param name="build">Whether to build first, so that the measurement matches the sources.</param>
    /// <param name="cancellationToken">Cancels the start and stops what has started.</param>
    /// <exception cref="TopologyStartException">The topology did not start.</exception>
    public static async Task<OwnTopology> StartAsync(IReadOnlyList<string> paths, bool build, CancellationToken cancellationToken)
    {
        var root = Clone.Root()
            ?? throw new TopologyStartException(
            "The repository was not found above this program; run the command in a clone, or measure a running topology with --attach.");
        if (build) await BuildAsync(root, cancellationToken);
        var program = Clone.Program(root, "AppHost");
        if (!File.Exists(program))
        {
            throw new TopologyStartException("The AppHost is not built; leave out --no-build.", Commands.BadArguments);
        }

        var folder = Directory.CreateTempSubdirectory("topology-").FullName;
        var start = new ProcessStartInfo(
            Clone.Dotnet,
            ["exec", program, "--Topology:Ports=dynamic", "--Topology:Dashboard=false", "--Topology:Pairs=0",
            $"--Topology:State={StateFileIn(folder)}"])
        {
            WorkingDirectory = root,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
            // Aspire stops an AppHost when the process with this id has ended, for whatever reason.
            Environment = { ["ASPIRE_CLI_PID"] = Environment.ProcessId.ToString(CultureInfo.InvariantCulture) },
        };
        string[] optional = [.. paths.Where(path => path == AllInstalled || OtherProxies.Contains(path))];
        if (optional.Length > 0) start.ArgumentList.Add($"--Topology:Start={string.Join(',', optional)}");

        await Console.Error.WriteLineAsync("Starting a topology for the measurement …");
        var topology = new OwnTopology(Process.Start(start)!, folder);
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
        if (!_appHost.HasExited)
        {
            Stop();
            using var patience = new CancellationTokenSource(StopPatience);
            try
            {
                await _appHost.WaitForExitAsync(patience.Token);
            }
            catch (OperationCanceledException)
            {
                _appHost.Kill(entireProcessTree: true);
            }
        }

        _appHost.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private static async Task BuildAsync(string root, CancellationToken cancellationToken)
    {
        await Console.Error.WriteLineAsync("Building the topology …");
        // Leave no compiler process running, because it would compete with the measured services.
        string[] arguments =
            ["build", "AppHost", "--configuration", "Release", "--verbosity", "quiet", "--nologo", "-nodeReuse:false",
            "-p:UseSharedCompilation=false"];
        using var build =
            Process.Start(new ProcessStartInfo(Clone.Dotnet, arguments) { WorkingDirectory = root, RedirectStandardOutput = true })!;
        try
        {
            var output = await build.StandardOutput.ReadToEndAsync(cancellationToken);
            await build.WaitForExitAsync(cancellationToken);
            if (build.ExitCode != 0) throw new TopologyStartException($"The topology could not be built:\n{output.TrimEnd()}");
        }
        catch (OperationCanceledException)
        {
            build.Kill(entireProcessTree: true);
            throw;
        }
    }

    private async Task WaitAsync(CancellationToken cancellationToken)
    {
        var started = Stopwatch.GetTimestamp();
        while (RunningTopology.Read(StateFile) is not { Healthy: true })
        {
            if (_appHost.HasExited)
            {
                // Also waits until the last lines of the AppHost's output have been read.
                await _appHost.WaitForExitAsync(cancellationToken);
                var lines = LastLines();
                throw _appHost.ExitCode == Commands.BadArguments && lines is [.., var problem]
                    ? new TopologyStartException(problem, Commands.BadArguments)
                    : new TopologyStartException(string.Join('\n', lines.Prepend("The topology did not start:")));
            }

            if (Stopwatch.GetElapsedTime(started) > StartPatience)
            {
                throw new TopologyStartException(
                    string.Join('\n', LastLines().Prepend($"The topology is not healthy after {StartPatience.TotalMinutes:0} minutes:")));
            }

            await Task.Delay(100, cancellationToken);
        }
    }

    private string[] LastLines()
    {
        lock (_lastLines) return [.. _lastLines];
    }

    private void Keep(string? line)
    {
        const int Kept = 20;
        if (string.IsNullOrWhiteSpace(line)) return;
        lock (_lastLines)
        {
            if (_lastLines.Count == Kept) _lastLines.Dequeue();
            _lastLines.Enqueue(line);
        }
    }

    /// <summary>Sends SIGTERM, so that the AppHost stops what it started. Windows has no such signal, so there it is killed.</summary>
    private void Stop()
    {
        if (OperatingSystem.IsWindows()) _appHost.Kill(entireProcessTree: true);
        else _ = PosixSignals.Terminate(_appHost.Id);
    }

    private static string StateFileIn(string folder) => Path.Combine(folder, "topology.json");
}

/// <summary>Sends signals to other processes.</summary>
internal static partial class PosixSignals
{
    private const int Term = 15;

    /// <summary>Sends SIGTERM to a process.</summary>
    public static int Terminate(int pid) => kill(pid, Term);

    [LibraryImport("libc")]
    private static partial int kill(int pid, int signal);
}
