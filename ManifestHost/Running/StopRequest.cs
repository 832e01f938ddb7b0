using System.Runtime.InteropServices;
using Topology.ManifestHost.Output;

namespace Topology.ManifestHost.Running;

/// <summary>The request to stop: Ctrl+C, SIGTERM, SIGHUP, or the end of the process this one belongs to. A second one stops at once.</summary>
internal sealed class StopRequest : IDisposable
{
    private const int SigInt = 2;
    private const nint DefaultAction = 0;

    private readonly CancellationTokenSource _stop = new();
    private readonly CancellationTokenSource _now = new();
    private readonly PosixSignalRegistration[] _signals;
    private readonly Terminal _terminal;

    public StopRequest(Terminal terminal)
    {
        _terminal = terminal;
        // A script's background jobs begin with Ctrl+C ignored, and .NET leaves it so; whoever sends the signal means it.
        if (!OperatingSystem.IsWindows())
            _ = SetSignal(SigInt, DefaultAction);
        PosixSignal[] signals = [PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP, PosixSignal.SIGQUIT];
        _signals = [.. signals.Select(signal => PosixSignalRegistration.Create(signal, context =>
        {
            context.Cancel = true;
            Raise(signal.ToString());
        }))];
    }

    /// <summary>Cancelled when the topology is to stop.</summary>
    public CancellationToken Token => _stop.Token;

    /// <summary>Cancelled when there is no more time for an orderly end.</summary>
    public CancellationToken Immediately => _now.Token;

    /// <summary>
    /// Also stops when the parent process ends, if asked to or if that is <c>dotnet run</c>: whoever kills that means this
    /// host, which it does not take along. Any other parent may end and leave the host running, as a shell does.
    /// </summary>
    public void WatchParent(bool always)
    {
        if (!OperatingSystem.IsLinux() || ProcFs.Read(Environment.ProcessId) is not { Parent: > 1 and var pid } || ProcessIdentity.Of(pid) is not { } parent)
            return;
        if (always || ProcFs.CommandLine(pid) is [var program, "run", ..] && Path.GetFileName(program) == "dotnet")
            _ = WatchAsync(parent);
    }

    public void Dispose()
    {
        foreach (var signal in _signals)
            signal.Dispose();
    }

    private async Task WatchAsync(ProcessIdentity parent)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1));
        while (await timer.WaitForNextTickAsync() && parent.IsAlive)
        {
            // It is still there.
        }
        Raise("the parent process has ended");
    }

    [DllImport("libc", EntryPoint = "signal"), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern nint SetSignal(int signal, nint action);

    private void Raise(string reason)
    {
        var second = _stop.IsCancellationRequested;
        _terminal.Say(second ? $"{reason} again: ending everything at once" : $"{reason}: stopping");
        (second ? _now : _stop).Cancel();
    }
}
