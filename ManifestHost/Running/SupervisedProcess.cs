using System.Diagnostics;
using Topology.ManifestHost.Output;

namespace Topology.ManifestHost.Running;

/// <summary>What a process is started with, and how to tell that it is up.</summary>
/// <param name="Name">Its resource's name.</param>
/// <param name="Start">What to start, each time.</param>
/// <param name="WaitUntilUp">Returns when it is up; tells the callback why it is not.</param>
/// <param name="OnLine">Gets each line it writes.</param>
internal sealed record Supervision(
    string Name, ChildStart Start, Func<Action<string>, CancellationToken, Task> WaitUntilUp, Action<string> OnLine);

/// <summary>A process that is started again when it crashes, until it is told to stop.</summary>
/// <param name="changed">Called when <see cref="State"/> or <see cref="Pid"/> has changed.</param>
internal sealed class SupervisedProcess(Supervision what, Guard guard, Terminal terminal, Action changed) : IDisposable
{
    private const int RememberedLines = 20;

    // What ends this often before it was up has a reason that trying again does not remove, such as a wrong configuration.
    private const int StartsInVain = 3;

    private readonly TaskCompletionSource _up = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _stopping = new();
    private readonly Queue<string> _lastLines = [];
    private ChildProcess? _child;
    private Task _loop = Task.CompletedTask;
    private string _notUpBecause = "it has not started";

    public string Name => what.Name;

    /// <summary>See <see cref="ResourceState"/>.</summary>
    public string State { get; private set; } = "stopped";

    public int? Pid => _child?.Pid;

    public void Start() => _loop = Task.Run(SuperviseAsync);

    /// <summary>Returns when the process has been up once.</summary>
    /// <exception cref="RunFailedException">It was not within <paramref name="timeout"/>, or ended.</exception>
    public async Task WaitUntilUpAsync(TimeSpan timeout, CancellationToken cancellation)
    {
        try
        {
            await _up.Task.WaitAsync(timeout, cancellation);
        }
        catch (TimeoutException e)
        {
            throw new RunFailedException($"'{Name}' is not healthy after {timeout.TotalSeconds:0} s: {_notUpBecause}.{LastLines()}", e);
        }
    }

    /// <summary>Asks it to end; ends it, and all it has started, when <paramref name="deadline"/> is cancelled.</summary>
    public async Task StopAsync(CancellationToken deadline)
    {
        await _stopping.CancelAsync();
        if (_child is { } child)
            await child.StopAsync(deadline);
        await _loop;
    }

    public void Dispose() => _stopping.Dispose();

    private async Task SuperviseAsync()
    {
        var backoff = new Backoff();
        var inVain = 0;
        while (!_stopping.IsCancellationRequested)
        {
            var uptime = Stopwatch.StartNew();
            int code;
            try
            {
                code = await RunOnceAsync();
            }
            catch (RunFailedException e)
            {
                _up.TrySetException(e);
                terminal.Warn($"'{Name}': {e.Message}");
                code = -1;
            }

            _child = null;
            if (_stopping.IsCancellationRequested)
                break;
            if (code == 0)
            {
                terminal.Say($"'{Name}' has finished (exit code 0) after {uptime.Elapsed.TotalSeconds:0.0} s");
                _up.TrySetException(new RunFailedException($"'{Name}' ended before it was up: {_notUpBecause}.{LastLines()}"));
                Change("finished");
                return;
            }

            var delay = backoff.After(uptime.Elapsed);
            _notUpBecause = $"it ended with exit code {code}";
            if (!_up.Task.IsCompleted && ++inVain == StartsInVain)
                _up.TrySetException(new RunFailedException($"'{Name}' ended with exit code {code}, {inVain} times before it was up.{LastLines()}"));
            terminal.Warn($"'{Name}' ended with exit code {code} after {uptime.Elapsed.TotalSeconds:0.0} s; starting it again in {delay.TotalSeconds:0} s");
            Change("restarting");
            await Task.Delay(delay, _stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        Change("stopped");
    }

    private async Task<int> RunOnceAsync()
    {
        var child = ChildProcess.Start(what.Start, guard, Remember);
        _child = child;
        Change("starting");
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token);
        var up = BecomeUpAsync(ended.Token);
        // Told to stop while it was being started: nobody else has seen this child.
        if (_stopping.IsCancellationRequested)
            child.Kill();
        var code = await child.Exited;
        await ended.CancelAsync();
        await up;
        return code;
    }

    private async Task BecomeUpAsync(CancellationToken ended)
    {
        try
        {
            await what.WaitUntilUp(reason => _notUpBecause = reason, ended);
            if (_up.Task.IsCompleted)
                terminal.Say($"'{Name}' is running again");
            Change("running");
            _up.TrySetResult();
        }
        catch (OperationCanceledException)
        {
            // It ended first; whoever waits for its end says so.
        }
    }

    private void Remember(string line)
    {
        lock (_lastLines)
        {
            _lastLines.Enqueue(line);
            if (_lastLines.Count > RememberedLines)
                _lastLines.Dequeue();
        }
        what.OnLine(line);
    }

    private string LastLines()
    {
        lock (_lastLines)
            return _lastLines.Count == 0 ? " It has written nothing." : $" Its last lines:\n  {string.Join("\n  ", _lastLines)}";
    }

    private void Change(string state)
    {
        State = state;
        changed();
    }
}
