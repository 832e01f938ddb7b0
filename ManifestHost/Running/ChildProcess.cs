using System.Diagnostics;

namespace Topology.ManifestHost.Running;

/// <summary>What to start.</summary>
/// <param name="Program">Full path, or a name to find on PATH.</param>
/// <param name="Environment">The complete environment; nothing is inherited besides.</param>
internal sealed record ChildStart(
    string Program, IReadOnlyList<string> Arguments, string WorkingDirectory, IReadOnlyDictionary<string, string> Environment);

/// <summary>A running child: its lines are passed on as they come, and nothing it has started outlives it.</summary>
internal sealed class ChildProcess
{
    private static readonly TimeSpan Drain = TimeSpan.FromSeconds(2);

    private readonly Process _process;
    private readonly Guard _guard;
    private readonly ProcessIdentity _identity;

    private ChildProcess(Process process, Guard guard, Action<string> onLine)
    {
        _process = process;
        _guard = guard;
        // A process that has ended already has an id all the same: it is not reaped before it is waited for.
        _identity = ProcessIdentity.Of(process.Id) ?? new ProcessIdentity(process.Id, 0);
        guard.Watch(_identity);
        Exited = RunAsync(onLine);
    }

    public int Pid => _identity.Pid;

    /// <summary>The exit code, once the process and all it started have ended and its last line has been passed on.</summary>
    public Task<int> Exited { get; }

    /// <exception cref="RunFailedException">The program cannot be started.</exception>
    public static ChildProcess Start(ChildStart what, Guard guard, Action<string> onLine)
    {
        var start = Executables.InOwnSession(what.Program, what.Arguments);
        start.WorkingDirectory = what.WorkingDirectory;
        start.RedirectStandardInput = start.RedirectStandardOutput = start.RedirectStandardError = true;
        start.Environment.Clear();
        foreach (var (name, value) in what.Environment)
            start.Environment[name] = value;
        start.Environment[Guard.MarkerVariable] = guard.Marker;

        try
        {
            var process = Process.Start(start) ?? throw new RunFailedException($"{what.Program} could not be started.");
            process.StandardInput.Close();
            return new ChildProcess(process, guard, onLine);
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            throw new RunFailedException($"{what.Program} could not be started: {e.Message}", e);
        }
    }

    /// <summary>Asks it to end.</summary>
    public void Terminate() => ProcessTree.Terminate(_identity);

    /// <summary>Ends it, and all it has started, at once.</summary>
    public void Kill() => ProcessTree.Kill([_identity]);

    /// <summary>Asks it to end and, when <paramref name="deadline"/> is cancelled first, ends it.</summary>
    public async Task StopAsync(CancellationToken deadline)
    {
        Terminate();
        await ((Task)Exited).WaitAsync(deadline).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (!Exited.IsCompleted)
            Kill();
        await Exited;
    }

    private async Task<int> RunAsync(Action<string> onLine)
    {
        var output = Task.WhenAll(PassOnAsync(_process.StandardOutput, onLine), PassOnAsync(_process.StandardError, onLine));
        await _process.WaitForExitAsync();

        // Workers of a server that was killed would keep its ports, and its pipes.
        ProcessTree.Kill([_identity]);
        _guard.Forget(_identity);
        await Task.WhenAny(output, Task.Delay(Drain));
        var code = _process.ExitCode;
        _process.Dispose();
        return code;
    }

    private static async Task PassOnAsync(StreamReader reader, Action<string> onLine)
    {
        try
        {
            while (await reader.ReadLineAsync() is { } line)
                onLine(line);
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException or OperationCanceledException)
        {
            // Closed because the process is gone and something it left behind still held the pipe.
        }
    }
}
