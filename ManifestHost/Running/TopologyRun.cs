using System.Diagnostics;
using Spectre.Console;
using Topology.ManifestHost.Commands;
using Topology.ManifestHost.Dashboard;
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
    private SupervisedProcess? _dashboardProcess;
    private StreamWriter? _dashboardLog;
    private bool _dashboardUp;
    private bool _published;

    private TopologyRun(RunOptions options, Terminal terminal, StopRequest stop)
    {
        (_options, _terminal, _stop) = (options, terminal, stop);
        _plan = Plan.Make(options, terminal);
        _ports = new PortPlan(_plan.Manifest.Processes.SelectMany(p => p.Bindings.Values).Concat(AspireDashboard.Bindings), options.DynamicPorts);
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
        var needed = _plan.Selected.SelectMany(p => p.Bindings.Values).Concat(_options.Dashboard ? AspireDashboard.Bindings : []);
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
        _terminal.Register(_plan.Graph.Ordered);
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
                foreach (var resource in _plan.SelectedInOrder)
                {
                    var before = _plan.Graph.DependenciesOf(resource.Name).Where(up.ContainsKey).Select(name => up[name]).ToArray();
                    begun.Add(up[resource.Name] = StartAsync(resource, before, assemblies, starting.Token));
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

    private async Task<IReadOnlyDictionary<string, string>> BuildAsync(CancellationToken cancellation)
    {
        string[] projects = [.. _plan.Selected.OfType<ProjectResource>().Select(p => p.ProjectFile).Distinct().Order(StringComparer.Ordinal)];
        var build = new ProjectBuild(projects, Path.Combine(_plan.Artifacts, "manifest-host"), _guard, _terminal);
        if (!_options.Build)
            return await build.LocateAsync(cancellation);
        if (projects.Length == 0)
            return await build.BuildAsync(cancellation);
        using (_terminal.Doing($"building {string.Join(", ", projects.Select(Path.GetFileNameWithoutExtension))}"))
            return await build.BuildAsync(cancellation);
    }

    private async Task StartAsync(
        ProcessResource resource, Task[] before, IReadOnlyDictionary<string, string> assemblies, CancellationToken cancellation)
    {
        await Task.WhenAll(before);
        cancellation.ThrowIfCancellationRequested();
        var process = new SupervisedProcess(
            new Supervision(
                resource.Name,
                Describe(resource, assemblies),
                (report, ended) => HealthProbe.WaitAsync(resource, binding => _ports[binding], report, ended),
                line => _terminal.Log(resource.Name, line)),
            _guard, _terminal, Changed);
        lock (_processes)
            _processes[resource.Name] = process;
        _ports.Release(resource.Bindings.Values);
        process.Start();
        await process.WaitUntilUpAsync(_options.Timeout, cancellation);
    }

    private ChildStart Describe(ProcessResource resource, IReadOnlyDictionary<string, string> assemblies)
    {
        var values = _plan.Resolver(binding => _ports[binding]);
        var inherited = ChildEnvironment.Inherited();
        var arguments = values.Arguments(resource);
        var own = values.Environment(_plan.InThisRun(resource));

        if (resource is ProjectResource project)
        {
            var telemetry = _dashboardProcess is null ? null : _dashboard.Target;
            return new ChildStart(
                Executables.Dotnet,
                ["exec", assemblies[project.ProjectFile], .. arguments],
                Path.GetDirectoryName(project.ProjectFile)!,
                ChildEnvironment.ForProject(resource.Name, inherited, own, telemetry, ChildEnvironment.NewInstance(), _stateFile.FilePath));
        }

        var executable = (ExecutableResource)resource;
        foreach (var (name, value) in own)
            inherited[name] = value;
        return new ChildStart(Executables.Find(executable.Command) ?? executable.Command, arguments, executable.WorkingDirectory, inherited);
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
        [.. _plan.Manifest.Resources.Values.Where(resource => resource is not ValueResource).Select(State)]);

    private ResourceState State(Resource resource) => resource is ProcessResource declared && _processes.TryGetValue(resource.Name, out var process)
        ? new(resource.Name, process.State, process.Pid, declared.Bindings.Values.ToDictionary(b => b.Name, Url))
        : new(resource.Name, resource is ProcessResource ? "not-started" : "not-runnable", null, new Dictionary<string, string>());

    private string Url(Binding binding) => ValueResolver.Url(binding, _ports[binding]);

    private void ShowResult()
    {
        var table = new Table().RoundedBorder().AddColumns("Resource", "State", "URLs");
        foreach (var resource in _plan.Manifest.Processes)
        {
            var state = State(resource);
            var shown = resource.Bindings.Values.Where(b => b.External && state.Urls.ContainsKey(b.Name)).DefaultIfEmpty(resource.Bindings.Values.FirstOrDefault(b => state.Urls.ContainsKey(b.Name)));
            table.AddRow(new Text(state.Name), new Text(state.State), new Text(string.Join("  ", shown.OfType<Binding>().Select(Url))));
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
        foreach (var name in _plan.Graph.Ordered.Reverse().Where(_processes.ContainsKey))
        {
            var first = _plan.Graph.DependentsOf(name).Where(stopped.ContainsKey).Select(dependent => stopped[dependent]).ToArray();
            stopped[name] = StopAsync(_processes[name], first, deadline.Token);
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
