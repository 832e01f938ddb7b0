using Topology.ManifestHost.Commands;
using Topology.ManifestHost.Ingress;
using Topology.ManifestHost.Manifests;
using Topology.ManifestHost.Output;

namespace Topology.ManifestHost.Running;

/// <summary>What a run will do, with everything checked that can be checked before anything starts.</summary>
/// <param name="Replicas">What the resources become, also those that are not started.</param>
/// <param name="Selected">What is started.</param>
/// <param name="Platform">Null: the manifest runs here as it is.</param>
/// <param name="Artifacts">Absolute path of the folder for what is generated.</param>
internal sealed record Plan(
    Manifest Manifest,
    DependencyGraph Graph,
    IReadOnlyList<Replica> Replicas,
    IReadOnlyList<Replica> Selected,
    Platform? Platform,
    Parameters Parameters,
    string Artifacts)
{
    private const string AllowLocalAuthority = "Topology__Certificates__AllowLocalAuthority";

    /// <summary>Each after what it depends on.</summary>
    public IEnumerable<Replica> SelectedInOrder => Graph.Ordered.SelectMany(name => Selected.Where(replica => replica.Of == name));

    /// <summary>
    /// The resource as this run knows it: without what its environment says of resources that do not start. Who reads
    /// the environment then sees that they are not there, instead of addresses at which nobody answers.
    /// </summary>
    public ProcessResource InThisRun(ProcessResource resource) => resource with
    {
        Environment = resource.Environment
            .Where(e => DependencyGraph.Targets(Manifest, e.Value).All(name => Selected.Any(replica => replica.Of == name)))
            .ToDictionary(e => e.Key, e => e.Value, StringComparer.Ordinal),
    };

    /// <summary>Everything that listens, the ingress included.</summary>
    public IEnumerable<Binding> Bindings =>
        Replicas.SelectMany(replica => replica.Process.Bindings.Values).Concat((Platform?.Entrances ?? []).SelectMany(entrance => entrance.Listeners)).Distinct();

    /// <summary>What has to be free to start: the ingress leads to all resources, so it opens for all.</summary>
    public IEnumerable<Binding> NeededBindings => Bindings.Except(Replicas.Except(Selected).SelectMany(replica => replica.Process.Bindings.Values));

    /// <summary>Values as a process is to see them: its own ports are those it listens on.</summary>
    public ValueResolver Resolver(Replica of, Func<Binding, int> port) =>
        new(Manifest, binding => port(Own(binding, of)), Parameters.Value, binding => port(Platform?.To(binding)?.For(binding) ?? Own(binding, of)));

    /// <summary>The whole environment of a process.</summary>
    /// <param name="replica">One of this run.</param>
    /// <param name="port">The port of each binding.</param>
    /// <param name="inherited">See <see cref="ChildEnvironment.Inherited()"/>.</param>
    /// <param name="telemetry">Null: nothing collects telemetry.</param>
    /// <param name="stateFile">Absolute path of the file that will describe the running topology.</param>
    public Dictionary<string, string> Environment(
        Replica replica, Func<Binding, int> port, IReadOnlyDictionary<string, string> inherited, TelemetryTarget? telemetry, string stateFile)
    {
        var own = new Dictionary<string, string>(Resolver(replica, port).Environment(InThisRun(replica.Process)));
        // The stand-in for the platform's ingress has no certificate that the system trusts.
        if (Platform?.Entrances.Any(entrance => entrance.Tls is { } tls && own.ContainsValue(ValueResolver.Url(tls, port(tls)))) == true)
            own.TryAdd(AllowLocalAuthority, "true");
        if (replica.Process is ProjectResource)
        {
            int[] ports = [.. replica.Process.Bindings.Values.Select(port).Distinct()];
            return ChildEnvironment.ForProject(replica.Of, inherited, own, telemetry, ChildEnvironment.NewInstance(), stateFile, ports);
        }

        var environment = inherited.ToDictionary();
        foreach (var (name, value) in own)
            environment[name] = value;
        return environment;
    }

    private Binding Own(Binding binding, Replica of) =>
        (of.Of == binding.Resource ? of : Replicas.First(replica => replica.Of == binding.Resource)).Process.Bindings[binding.Name];

    /// <exception cref="UsageException">The options or the manifest must change.</exception>
    public static Plan Make(RunOptions options, Terminal terminal)
    {
        var repository = Repository.Find();
        var file = options.Manifest ?? repository?.LabManifest
            ?? throw new UsageException("No AppHost/manifests/lab.json above this folder: run inside the repository, or name a manifest with --manifest FILE.");
        var published = ManifestReader.Read(file);
        // References are checked for all resources, but values of parameters are only asked for by those that start.
        CheckReferences(published, published.Processes, (_, _) => "");
        var counts = Platform.ParseReplicas(options.Replicas, published);
        var platform = Platform.IsExpectedBy(published) ? new Platform(published, counts) : null;
        var manifest = platform?.Manifest ?? published;
        var parameters = new Parameters(Parameters.Parse(options.Parameters, manifest), System.Environment.GetEnvironmentVariable);

        foreach (var resource in manifest.Resources.Values.Where(r => r is not (ProcessResource or ValueResource)))
            terminal.Say($"'{resource.Name}' is not runnable here: it is a {resource.Type}");

        var selected = Select(manifest, options.Start, terminal);
        CheckReferences(manifest, selected, parameters.Value);

        var replicas = platform?.Replicas ?? [.. manifest.Processes.Select(Replica.Only)];
        return new Plan(
            manifest,
            new DependencyGraph(manifest),
            replicas,
            [.. replicas.Where(replica => selected.Exists(resource => resource.Name == replica.Of))],
            platform,
            parameters,
            repository?.Artifacts ?? Path.Combine(manifest.Folder, "artifacts"));
    }

    private static void CheckReferences(Manifest manifest, IEnumerable<ProcessResource> resources, Func<ValueResource, ParameterInput, string> input)
    {
        var resolver = new ValueResolver(manifest, _ => 1, input);
        foreach (var resource in resources)
        {
            foreach (var (key, text) in resource.Templates)
                resolver.Resolve(resource, key, text);
        }
    }

    private static List<ProcessResource> Select(Manifest manifest, IReadOnlyList<string> named, Terminal terminal)
    {
        var all = named.Contains("all");
        foreach (var name in named.Where(name => name != "all" && manifest.Resources.GetValueOrDefault(name) is not ProcessResource))
        {
            var candidates = manifest.Processes.Where(p => p.ExplicitStart).Select(p => p.Name).ToArray();
            throw new UsageException($"--start {name}: {manifest.File} has no such resource that could be started{(candidates.Length == 0 ? "" : "; choose from " + string.Join(", ", candidates))}.");
        }

        var selected = new List<ProcessResource>();
        foreach (var resource in manifest.Processes.Where(r => all || !r.ExplicitStart || named.Contains(r.Name)))
        {
            if (resource.Programs is { Count: > 0 } programs && !programs.Any(program => Executables.Find(program) is not null))
                terminal.Say($"'{resource.Name}' is left out: {string.Join(" or ", programs)} is not installed{(resource.Install is { } install ? $"; on Debian: {install}" : "")}");
            else if (resource is not ExecutableResource { Command: var command } || Executables.Find(command) is not null)
                selected.Add(resource);
            else if (resource.ExplicitStart && !named.Contains(resource.Name))
                terminal.Say($"'{resource.Name}' is left out: '{command}' is not installed");
            else
                throw new UsageException($"{manifest.File}: resource '{resource.Name}', key 'command': '{command}' is not on PATH; install it{(resource.ExplicitStart ? " or leave it out of --start" : "")}.");
        }
        return selected;
    }
}
