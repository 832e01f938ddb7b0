using System.Diagnostics;
using Spectre.Console;
using Topology.ManifestHost.Commands;
using Topology.ManifestHost.Dashboard;
using Topology.ManifestHost.Ingress;
using Topology.ManifestHost.Manifests;
using Topology.ManifestHost.Output;

namespace Topology.ManifestHost.Running;

/// <summary>One run of a manifest: checks everything that can be checked, then builds, starts, waits, and stops in reverse order.</summary>
internal sealed class TopologyRun : IAsyncDisposable
{
    private static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan DashboardStopPatience = TimeSpan.FromSeconds(2);

    private readonly RunOptions _options;
    private readonly Terminal _terminal;
    private readonly StopRequest _stop;
    private readonly Plan _plan;
    private readonly StateFile _stateFile;
    private readonly Guard _guard;
    private readonly PortPlan _ports;
    private readonly AspireDashboard _dashboard;
    private readonly Dictionary<string, SupervisedProcess> _processes = [];
    private readonly Lock _stateLock = new();
    private IngressServer? _ingress;
    private SupervisedProcess? _dashboardProcess;
    private StreamWriter? _dashboardLog;
    private bool _dashboardUp;
    private bool _published;

    private TopologyRun(RunOptions options, Terminal terminal, StopRequest stop)
    {
        (_options, _terminal, _stop) = (options, terminal, stop);
        _plan = Plan.Make(options, terminal);
        _ports = new PortPlan(_plan.Bindings.Concat(AspireDashboard.Bindings), options.DynamicPorts);
        CheckPorts();
        _dashboard = new AspireDashboard(binding => _ports[binding]);
        _stateFile = ClaimStateFile();
        _guard = new Guard(_stateFile.FilePath);
    }

    /// <summary>Runs until told to stop.</summary>
    /// <exception cref="UsageException">Something must change before this can run; nothing has been started.</exception>
    /// <exception cref="RunFailedException">Something failed; everything has been stopped again.</exception>
    public static async Task RunAsync(RunOptions options, Terminal terminal, StopRequest stop)
    {
        stop.WatchParent(options.StopWithParent);
        await using var run = new TopologyRun(options, terminal, stop);
        await run.StartAsync(stop.Token);
        run.Publish();
        run.ShowResult();
        await Task.Delay(Timeout.Infinite, stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    public async ValueTask DisposeAsync()
    {
        using (_terminal.Doing("stopping"))
        {
            await StopAsync();
            if (_ingress is not null)
                await _ingress.DisposeAsync();
            await _guard.DisposeAsync();
        }
        foreach (var process in _processes.Values.Append(_dashboardProcess).OfType<SupervisedProcess>())
            process.Dispose();
        _dashboardLog?.Dispose();
        _ports.Dispose();
        _stateFile.Dispose();
        _terminal.Say("everything has stopped");
    }

    private void CheckPorts()
    {
        var needed = _plan.NeededBindings.Concat(_options.Dashboard ? AspireDashboard.Bindings : []);
        if (_ports.Conflicts(needed) is not { Count: > 0 } conflicts)
            return;
        _ports.Dispose();
        throw new UsageException($"{string.Join('\n', conflicts)}\nStop what uses these ports, or add --dynamic-ports.");
    }

    private StateFile ClaimStateFile()
    {
        if (_options.StateFile is { } asked)
            return StateFile.TryClaim(asked) ?? throw new UsageException($"--state {asked}: another running topology writes there; name another file.");

        var own = Path.Combine(_plan.Artifacts, $"topology-{Environment.ProcessId}.json");
        if (StateFile.TryClaim(Path.Combine(_plan.Artifacts, "topology.json")) is { } first)
            return first;
        _terminal.Say($"another topology is running; this one is described by {own}");
        return StateFile.TryClaim(own) ?? throw new UsageException($"{own} cannot be written; name another file with --state.");
    }

    private async Task StartAsync(CancellationToken cancellation)
    {
        var watch = Stopwatch.StartNew();
        _terminal.Register(_plan.Replicas.Select(replica => replica.Name));
        await OpenIngressAsync(cancellation);
        using var starting = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var begun = new List<Task>();
        try
        {
            // The dashboard needs no build, so it is there by the time the services send their first telemetry.
            var dashboard = _options.Dashboard ? StartDashboardAsync(starting.Token) : Task.CompletedTask;
            begun.Add(dashboard);
            var assemblies = await BuildAsync(starting.Token);
            await dashboard;

            using (_terminal.Doing("starting"))
            {
                var up = new Dictionary<string, Task>();
                foreach (var replica in _plan.SelectedInOrder)
                {
                    var dependencies = _plan.Graph.DependenciesOf(replica.Of);
                    var before = _plan.Selected.Where(other => dependencies.Contains(other.Of)).Select(other => up[other.Name]).ToArray();
                    begun.Add(up[replica.Name] = StartAsync(replica, before, assemblies, starting.Token));
                }
                await WaitForAllAsync(up, starting.Token);
                await WaitForDashboardAsync(starting.Token);
            }
        }
        catch
        {
            // What is about to start must not start when the rest already stops.
            await starting.CancelAsync();
            await Task.WhenAll(begun).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            throw;
        }
        _terminal.Say($"everything is up after {watch.Elapsed.TotalSeconds:0.0} s");
    }

    private async Task OpenIngressAsync(CancellationToken cancellation)
    {
        if (_plan.Platform is not { } platform)
            return;
        _terminal.Say($"{Path.GetFileName(_plan.Manifest.File)} is for a platform that gives each resource an address of its own; here all of them listen on loopback only, on free ports, behind a stand-in for the platform's ingress");
        _ingress = new IngressServer(platform.Entrances, binding => _ports[binding], IsRunning);
        _ports.Release(platform.Entrances.SelectMany(entrance => entrance.Listeners));
        await _ingress.StartAsync(cancellation);
    }

    private bool IsRunning(Replica replica)
    {
        lock (_processes)
            return _processes.TryGetValue(replica.Name, out var process) && process.State == "running";
    }

    private async Task<IReadOnlyDictionary<string, string>> BuildAsync(CancellationToken cancellation)
    {
        string[] projects = [.. _plan.Selected.Select(replica => replica.Process).OfType<ProjectResource>().Select(p => p.ProjectFile).Distinct().Order(StringComparer.Ordinal)];
        var build = new ProjectBuild(projects, Path.Combine(_plan.Artifacts, "manifest-host"), _guard, _terminal);
        if (!_options.Build)
            return await build.LocateAsync(cancellation);
        if (projects.Length == 0)
            return await build.BuildAsync(cancellation);
        using (_terminal.Doing($"building {string.Join(", ", projects.Select(Path.GetFileNameWithoutExtension))}"))
            return await build.BuildAsync(cancellation);
    }

    private async Task StartAsync(
        Replica replica, Task[] before, IReadOnlyDictionary<string, string> assemblies, CancellationToken cancellation)
    {
        await Task.WhenAll(before);
        cancellation.ThrowIfCancellationRequested();
        var process = new SupervisedProcess(
            new Supervision(
                replica.Name,
                Describe(replica, assemblies),
                (report, ended) => HealthProbe.WaitAsync(replica.Process, binding => _ports[binding], report, ended),
                line => _terminal.Log(replica.Name, line)),
            _guard, _terminal, Changed);
        lock (_processes)
            _processes[replica.Name] = process;
        _ports.Release(replica.Process.Bindings.Values);
        process.Start();
        await process.WaitUntilUpAsync(_options.Timeout, cancellation);
    }

    private ChildStart Describe(Replica replica, IReadOnlyDictionary<string, string> assemblies)
    {
        var values = _plan.Resolver(replica, binding => _ports[binding]);
        var arguments = values.Arguments(replica.Process);
        var telemetry = _dashboardProcess is null ? null : _dashboard.Target;
        var environment = _plan.Environment(replica, binding => _ports[binding], ChildEnvironment.Inherited(), telemetry, _stateFile.FilePath);

        if (replica.Process is ProjectResource project)
            return new ChildStart(Executables.Dotnet, ["exec", assemblies[project.ProjectFile], .. arguments], Path.GetDirectoryName(project.ProjectFile)!, environment);

        var executable = (ExecutableResource)replica.Process;
        return new ChildStart(Executables.Find(executable.Command) ?? executable.Command, arguments, executable.WorkingDirectory, environment);
    }

    /// <summary>Waits until all are up; the first that fails ends the wait.</summary>
    private async Task WaitForAllAsync(Dictionary<string, Task> up, CancellationToken cancellation)
    {
        var waiting = up.Values.ToList();
        while (waiting.Count > 0)
        {
            _terminal.Update($"waiting for {string.Join(", ", up.Where(u => !u.Value.IsCompleted).Select(u => u.Key))}");
            var first = await Task.WhenAny(waiting).WaitAsync(cancellation);
            waiting.Remove(first);
            await first;
        }
    }

    private async Task StartDashboardAsync(CancellationToken cancellation)
    {
        var logs = Path.Combine(_plan.Artifacts, "logs");
        var cli = await new AspireCli(Path.Combine(_plan.Artifacts, "aspire-cli"), _guard, _terminal).FindAsync(cancellation);
        if (cli is null)
            return;

        if (!Directory.Exists(Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".aspire", "versions")))
            _terminal.Say("starting the dashboard; the first start unpacks about 300 MB into ~/.aspire");
        Directory.CreateDirectory(logs);
        var suffix = Path.GetFileName(_stateFile.FilePath) == "topology.json" ? "" : $"-{Environment.ProcessId}";
        var log = _dashboardLog = new StreamWriter(Path.Combine(logs, $"dashboard{suffix}.log")) { AutoFlush = true };
        void Write(string line)
        {
            lock (log)
                log.WriteLine(line);
        }

        _ports.Release(AspireDashboard.Bindings);
        _dashboardProcess = new SupervisedProcess(_dashboard.Supervise(cli, logs, Write), _guard, _terminal, Changed);
        _dashboardProcess.Start();
    }

    /// <summary>A dashboard that does not come up is a pity, not a reason to stop what it would have shown.</summary>
    private async Task WaitForDashboardAsync(CancellationToken cancellation)
    {
        if (_dashboardProcess is null)
            return;
        try
        {
            _terminal.Update("waiting for the dashboard");
            await _dashboardProcess.WaitUntilUpAsync(_options.Timeout, cancellation);
            _dashboardUp = true;
        }
        catch (RunFailedException e)
        {
            _terminal.Warn($"{e.Message}\nThe topology runs without it.");
        }
    }

    private void Changed()
    {
        lock (_stateLock)
        {
            if (_published)
                _stateFile.Write(State());
        }
    }

    private void Publish()
    {
        lock (_stateLock)
        {
            _published = true;
            _stateFile.Write(State());
        }
    }

    private TopologyState State() => new(
        new HostState(Environment.ProcessId),
        _dashboardUp ? _dashboard.State : null,
        [.. _plan.Manifest.Resources.Values.Where(resource => resource is not ValueResource).SelectMany(States)],
        _plan.Platform is not null);

    private IEnumerable<ResourceState> States(Resource resource) => resource is ProcessResource
        ? _plan.Replicas.Where(replica => replica.Of == resource.Name).Select(State)
        : [new ResourceState(resource.Name, "not-runnable", null, new Dictionary<string, string>())];

    private ResourceState State(Replica replica) => _processes.TryGetValue(replica.Name, out var process)
        ? new(replica.Name, process.State, process.Pid, Reached(replica).ToDictionary(entry => entry.Name, entry => Url(entry.At)), Listeners(replica))
        : new(replica.Name, "not-started", null, new Dictionary<string, string>());

    private IReadOnlyDictionary<string, string>? Listeners(Replica replica) =>
        _plan.Platform is null ? null : Platform.ListenersOf(_plan.Resolver(replica, binding => _ports[binding]).Environment(_plan.InThisRun(replica.Process)));

    /// <summary>Where others reach a process: at its bindings, or at the ingress, which is one for all replicas and has HTTPS for the outside.</summary>
    private IEnumerable<(string Name, Binding At)> Reached(Replica replica) => _plan.Platform is not { } platform
        ? replica.Process.Bindings.Select(entry => (entry.Key, entry.Value))
        : platform.Entrances.Where(entrance => entrance.Resource == replica.Of)
            .SelectMany(entrance => entrance.External ? entrance.Listeners.Reverse().Select(at => (at.Scheme, at)) : entrance.Names.Select(name => (name, entrance.Cleartext)))
            .DistinctBy(entry => entry.Item1);

    private string Url(Binding binding) => ValueResolver.Url(binding, _ports[binding]);

    private void ShowResult()
    {
        var table = new Table().RoundedBorder().AddColumns("Resource", "State", "URLs");
        foreach (var replica in _plan.Replicas)
        {
            var state = State(replica);
            var reached = Reached(replica).Where(entry => state.Urls.ContainsKey(entry.Name)).Select(entry => entry.At).ToArray();
            var shown = reached.Where(at => at.External).DefaultIfEmpty(reached.FirstOrDefault()).OfType<Binding>();
            table.AddRow(new Text(state.Name), new Text(state.State), new Text(string.Join("  ", shown.Select(Url))));
        }
        _terminal.Render(table);
        if (_dashboardUp)
            _terminal.Say($"dashboard: {_dashboard.State.LoginUrl}");
        _terminal.Say("Press Ctrl+C to stop.");
    }

    private async Task StopAsync()
    {
        lock (_stateLock)
            _published = false;

        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(_stop.Immediately);
        deadline.CancelAfter(StopPatience);
        var stopped = new Dictionary<string, Task>();
        foreach (var replica in _plan.SelectedInOrder.Reverse().Where(replica => _processes.ContainsKey(replica.Name)))
        {
            var dependents = _plan.Graph.DependentsOf(replica.Of).ToHashSet();
            var first = _plan.Selected.Where(other => dependents.Contains(other.Of) && stopped.ContainsKey(other.Name)).Select(other => stopped[other.Name]).ToArray();
            stopped[replica.Name] = StopAsync(_processes[replica.Name], first, deadline.Token);
        }
        await Task.WhenAll(stopped.Values);

        // Last, so that it has seen how the others ended.
        if (_dashboardProcess is not null)
        {
            using var shorter = CancellationTokenSource.CreateLinkedTokenSource(_stop.Immediately);
            shorter.CancelAfter(DashboardStopPatience);
            await _dashboardProcess.StopAsync(shorter.Token);
        }
    }

    private static async Task StopAsync(SupervisedProcess process, Task[] dependents, CancellationToken deadline)
    {
        await Task.WhenAll(dependents);
        await process.StopAsync(deadline);
    }
}
