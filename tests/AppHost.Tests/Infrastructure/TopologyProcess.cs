using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json;
using Topology.Tests.Infrastructure;

namespace Topology.AppHost.Tests.Infrastructure;

/// <summary>
/// The AppHost as users start it: a process of its own, found again by its state file. Ports are free ones unless told otherwise.
/// </summary>
public sealed class TopologyProcess : IAsyncDisposable
{
    private readonly Process _process;
    private readonly ConcurrentQueue<string> _lines = [];
    private readonly Task _reading;

    private TopologyProcess(Process process, string stateFile)
    {
        (_process, StateFile) = (process, stateFile);
        Pid = process.Id;
        _reading = Task.WhenAll(ReadAsync(process.StandardOutput), ReadAsync(process.StandardError));
    }

    /// <summary>The backends of the lab.</summary>
    public static IReadOnlyList<string> Backends { get; } = ["catalog-1", "catalog-2", "orders", "media", "live"];

    /// <summary>The services that the lab starts, each one process.</summary>
    public static IReadOnlyList<string> Services { get; } = [.. Backends, "edge", "edge-tls", "traffic"];

    public int Pid { get; }

    /// <summary>Absolute path of the file that describes the running topology.</summary>
    public string StateFile { get; }

    /// <summary>All lines so far, of both standard output and standard error.</summary>
    public IReadOnlyList<string> Lines => [.. _lines];

    public string Output => string.Join('\n', _lines);

    /// <summary>The state file as it is now.</summary>
    public JsonElement State
    {
        get
        {
            using var document = JsonDocument.Parse(File.ReadAllText(StateFile));
            return document.RootElement.Clone();
        }
    }

    /// <summary>Starts the topology, without a dashboard unless told otherwise, and returns once everything is healthy.</summary>
    /// <param name="settings">Settings such as <c>--Topology:Start=all</c>.</param>
    /// <exception cref="InvalidOperationException">It ended, or took more than three minutes; the message holds its output.</exception>
    public static async Task<TopologyProcess> StartAsync(params string[] settings)
    {
        var topology = Launch(["--Topology:Ports=dynamic",
            .. settings.Any(setting => setting.StartsWith("--Topology:Dashboard=", StringComparison.Ordinal)) ? (string[])[]
            : ["--Topology:Dashboard=false"], .. settings]);
        try
        {
            await topology.UntilHealthyAsync();
            return topology;
        }
        catch
        {
            await topology.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts the AppHost with just these settings, and returns at once.</summary>
    public static TopologyProcess Launch(params string[] settings) => LaunchWith([], settings);

    /// <summary>The same with environment variables of its own.</summary>
    public static TopologyProcess LaunchWith(IEnumerable<(string Name, string Value)> environment, params string[] settings)
    {
        var stateFile = settings.FirstOrDefault(setting => setting.StartsWith("--Topology:State=", StringComparison.Ordinal))?.Split('=')[1]
            ?? Path.Combine(Directory.CreateTempSubdirectory("topology-state-").FullName, "topology.json");
        return new TopologyProcess(
            Programs.Start(
                "AppHost", [.. settings, $"--Topology:State={stateFile}"],
                [("ASPIRE_CLI_PID", $"{Environment.ProcessId}"), .. environment]), stateFile);
    }

    /// <summary>Waits until the state file says that everything is healthy.</summary>
    public Task UntilHealthyAsync() => UntilAsync(
        () => File.Exists(StateFile)
            && State.GetProperty("healthy").GetBoolean(), "everything is healthy", TimeSpan.FromMinutes(3),
            TestContext.Current.CancellationToken);

    /// <summary>The URL of a resource's endpoint, such as <c>Url("edge", "http")</c>.</summary>
    public Uri Url(string resource, string endpoint) =>
        new(Resource(resource).GetProperty("urls").GetProperty(endpoint).GetString()!);

    /// <summary>One entry of the state file's <c>resources</c>.</summary>
    public JsonElement Resource(string name) =>
        State.GetProperty("resources").EnumerateArray().Single(resource => resource.GetProperty("name").GetString() == name);

    /// <summary>Waits until something is so; fails, with the host's output, if it is not in time or the host ends.</summary>
    public async Task UntilAsync(Func<bool> condition, string what, TimeSpan timeout, CancellationToken cancellation = default)
    {
        var watch = Stopwatch.StartNew();
        while (!condition())
        {
            if (_process.HasExited)
            {
                await _reading;
                throw new InvalidOperationException($"The AppHost ended with exit code {_process.ExitCode} before {what}:\n{Output}");
            }
            if (watch.Elapsed > timeout)
                throw new InvalidOperationException($"Not within {timeout.TotalSeconds} s: {what}. The AppHost's output:\n{Output}");
            await Task.Delay(50, cancellation);
        }
    }

    /// <summary>Asks it to end and waits until it has ended.</summary>
    /// <returns>The exit code.</returns>
    public Task<int> StopAsync(CancellationToken cancellation = default) => SignalAsync("TERM", cancellation);

    /// <summary>Sends a signal (<c>INT</c>, <c>TERM</c>, <c>KILL</c>, …) and waits until the host has ended.</summary>
    /// <returns>The exit code.</returns>
    public async Task<int> SignalAsync(string signal, CancellationToken cancellation = default)
    {
        await Programs.SignalAsync(signal, Pid);
        await _process.WaitForExitAsync(cancellation).WaitAsync(TimeSpan.FromSeconds(40), cancellation);
        await _reading.WaitAsync(TimeSpan.FromSeconds(40), cancellation);
        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            try
            {
                await StopAsync();
            }
            catch (TimeoutException)
            {
                _process.Kill(entireProcessTree: true);
            }
        }
        _process.Dispose();
    }

    private async Task ReadAsync(StreamReader reader)
    {
        while (await reader.ReadLineAsync() is { } line)
            _lines.Enqueue(line);
    }
}
