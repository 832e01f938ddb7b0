using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace Topology.Tests.Infrastructure;

/// <summary>ManifestHost as users start it: a process of its own, found again by its state file.</summary>
public sealed class ManifestHostProcess : IAsyncDisposable
{
    private readonly Process _process;
    private readonly ConcurrentQueue<string> _lines = [];
    private readonly Task _reading;

    private ManifestHostProcess(Process process, string stateFile)
    {
        (_process, StateFile) = (process, stateFile);
        Pid = process.Id;
        _reading = Task.WhenAll(ReadAsync(process.StandardOutput), ReadAsync(process.StandardError));
    }

    /// <summary>Where services started by tests keep their data, in place of the user's application data.</summary>
    public static string DataHome { get; } = Directory.CreateTempSubdirectory("topology-data-").FullName;

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

    /// <summary>Starts <c>run</c> and returns once everything is healthy.</summary>
    /// <param name="arguments">What follows <c>run</c>; without <c>--state</c> the state is written to a temporary folder.</param>
    /// <param name="timeout">Until everything is healthy; default 4 minutes, enough for a first build.</param>
    /// <exception cref="InvalidOperationException">The host ended, or took too long; the message holds its output.</exception>
    public static async Task<ManifestHostProcess> StartAsync(
        IReadOnlyList<string> arguments, TimeSpan? timeout = null, CancellationToken cancellation = default)
    {
        var host = Launch(arguments);
        try
        {
            await host.UntilAsync(() => File.Exists(host.StateFile), "everything is healthy", timeout ?? TimeSpan.FromMinutes(4), cancellation);
            return host;
        }
        catch
        {
            await host.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts <c>run</c> and returns at once.</summary>
    /// <inheritdoc cref="StartAsync"/>
    public static ManifestHostProcess Launch(IReadOnlyList<string> arguments)
    {
        var index = arguments.ToList().IndexOf("--state");
        var stateFile = index >= 0 ? Path.GetFullPath(arguments[index + 1]) : Path.Combine(Directory.CreateTempSubdirectory("topology-").FullName, "topology.json");
        string[] state = index >= 0 ? [] : ["--state", stateFile];
        return new ManifestHostProcess(Start(["run", "--stop-with-parent", .. arguments, .. state]), stateFile);
    }

    /// <summary>Runs a command that ends by itself.</summary>
    /// <returns>Its exit code, and what it wrote to standard output and to standard error.</returns>
    public static async Task<(int ExitCode, string Output, string Error)> RunAsync(
        IReadOnlyList<string> arguments, CancellationToken cancellation = default)
    {
        using var process = Start(arguments);
        return await Programs.EndAsync(process, cancellation);
    }

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
                throw new InvalidOperationException($"ManifestHost ended with exit code {_process.ExitCode} before {what}:\n{Output}");
            }
            if (watch.Elapsed > timeout)
                throw new InvalidOperationException($"Not within {timeout.TotalSeconds} s: {what}. ManifestHost's output:\n{Output}");
            await Task.Delay(50, cancellation);
        }
    }

    /// <summary>Presses Ctrl+C and waits until the host has ended.</summary>
    /// <returns>The exit code.</returns>
    public Task<int> StopAsync(CancellationToken cancellation = default) => SignalAsync("INT", cancellation);

    /// <summary>Sends a signal (<c>INT</c>, <c>TERM</c>, <c>KILL</c>, …) and waits until the host has ended.</summary>
    /// <returns>The exit code.</returns>
    public async Task<int> SignalAsync(string signal, CancellationToken cancellation = default)
    {
        await Signals.SendAsync(signal, Pid);
        await _process.WaitForExitAsync(cancellation).WaitAsync(TimeSpan.FromSeconds(20), cancellation);
        await _reading.WaitAsync(TimeSpan.FromSeconds(20), cancellation);
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

    private static Process Start(IReadOnlyList<string> arguments) => Programs.Start("Topology.ManifestHost", arguments);

    private async Task ReadAsync(StreamReader reader)
    {
        while (await reader.ReadLineAsync() is { } line)
            _lines.Enqueue(line);
    }
}

/// <summary>Signals to other processes, by the program every Unix has for it.</summary>
public static class Signals
{
    public static async Task SendAsync(string signal, int pid)
    {
        using var kill = Process.Start("kill", [$"-{signal}", pid.ToString(CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync();
    }
}
