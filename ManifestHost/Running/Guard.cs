using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using System.Security.Cryptography;

namespace Topology.ManifestHost.Running;

/// <summary>
/// A second, tiny process that ends everything the host has started if the host ends without doing so itself (a crash,
/// <c>kill -9</c>). It learns of the host's end because the pipe between them closes, whatever the reason.
/// </summary>
/// <remarks>
/// The host sends lines: <c>+ PID STARTED</c>, <c>- PID STARTED</c>, <c>state PATH</c>. Unlike a parent-death signal this works on
/// every system, and for what the children themselves have started.
/// </remarks>
internal sealed class Guard : IAsyncDisposable
{
    /// <summary>Set to a value of this run for everything the host starts, so that what it starts in its very last moment is found too.</summary>
    public const string MarkerVariable = "TOPOLOGY_HOST";

    private readonly Lock _lock = new();
    private readonly HashSet<ProcessIdentity> _watched = [];
    private readonly string _stateFile;
    private Process _process;
    private bool _closing;

    public Guard(string stateFile)
    {
        _stateFile = stateFile;
        _process = Start();
    }

    public string Marker { get; } = $"{Environment.ProcessId}-{RandomNumberGenerator.GetHexString(16, lowercase: true)}";

    public void Watch(ProcessIdentity process)
    {
        lock (_lock)
        {
            _watched.Add(process);
            Send($"+ {process.Pid} {process.Started}");
        }
    }

    public void Forget(ProcessIdentity process)
    {
        lock (_lock)
        {
            _watched.Remove(process);
            Send($"- {process.Pid} {process.Started}");
        }
    }

    /// <summary>Lets the guard end, once it has found nothing that is left.</summary>
    public async ValueTask DisposeAsync()
    {
        lock (_lock)
            _closing = true;
        _process.StandardInput.Close();
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(5));
        await _process.WaitForExitAsync(patience.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _process.Dispose();
    }

    private Process Start()
    {
        var start = Executables.InOwnSession(Executables.Dotnet, ["exec", Assembly.GetExecutingAssembly().Location, "guard", $"{MarkerVariable}={Marker}"]);
        start.RedirectStandardInput = true;
        // It waits and nothing else: no background compilation, and a heap of the smallest size.
        start.Environment["DOTNET_TieredCompilation"] = "0";
        start.Environment["DOTNET_GCgen0size"] = "0x100000";
        start.Environment["DOTNET_GCHeapHardLimit"] = "0x2000000";

        var process = Process.Start(start) ?? throw new RunFailedException("The guard process could not be started.");
        process.StandardInput.AutoFlush = true;
        process.StandardInput.WriteLine($"state {_stateFile}");
        process.Exited += async (_, _) => await RestartAsync();
        process.EnableRaisingEvents = true;
        return process;
    }

    private async Task RestartAsync()
    {
        await Task.Delay(TimeSpan.FromSeconds(1));
        lock (_lock)
        {
            if (_closing)
                return;
            _process = Start();
            foreach (var process in _watched)
                Send($"+ {process.Pid} {process.Started}");
        }
    }

    private void Send(string line)
    {
        try
        {
            if (!_closing)
                _process.StandardInput.WriteLine(line);
        }
        catch (IOException)
        {
            // The guard has just ended; its successor is told everything.
        }
    }

    /// <summary>What the guard process does, from beginning to end.</summary>
    /// <param name="lines">What the host sends; ends with the host.</param>
    /// <param name="marker"><c>NAME=VALUE</c> in the environment of everything the host starts.</param>
    public static void Run(TextReader lines, string marker)
    {
        var watched = new HashSet<ProcessIdentity>();
        string? stateFile = null;
        var hostPid = marker.Split('=', '-')[1];

        while (lines.ReadLine() is { } line)
        {
            switch (line.Split(' ', 3))
            {
                case ["+", var pid, var started]: watched.Add(Identity(pid, started)); break;
                case ["-", var pid, var started]: watched.Remove(Identity(pid, started)); break;
                case ["state", ..]: stateFile = line["state ".Length..]; break;
            }
        }

        // First the chance to end in order, as for a database file; then the end.
        foreach (var process in watched)
            ProcessTree.Terminate(process);
        var patience = Stopwatch.StartNew();
        while (patience.Elapsed < TimeSpan.FromSeconds(3) && ProcessTree.Members(watched, marker).Count > 0)
            Thread.Sleep(50);
        ProcessTree.Kill(watched, marker);

        if (stateFile is not null && StateFile.HostOf(stateFile) is { } host && host == int.Parse(hostPid, CultureInfo.InvariantCulture))
            File.Delete(stateFile);
    }

    private static ProcessIdentity Identity(string pid, string started) =>
        new(int.Parse(pid, CultureInfo.InvariantCulture), long.Parse(started, CultureInfo.InvariantCulture));
}
