namespace Topology.AppHost.Rehearsal;

/// <summary>A published manifest.</summary>
/// <param name="File">Its absolute path; errors name it.</param>
/// <param name="Projects">What runs, in the order of the file.</param>
/// <param name="Values">Parameters and other named texts, by name.</param>
internal sealed record Manifest(string File, IReadOnlyList<ManifestProject> Projects, IReadOnlyDictionary<string, ManifestValue> Values)
{
    /// <summary>The projects that a project's templates lead to, themselves or through values, which lead in no circle.</summary>
    public IReadOnlySet<string> NeededBy(ManifestProject project) =>
        project.Environment.Values.Concat(project.Arguments).SelectMany(Targets).ToHashSet();

    private IEnumerable<string> Targets(string template) => Template.Parse(template).Where(part => part.IsReference).SelectMany(part =>
        !Values.TryGetValue(part.Path[0], out var value) ? [part.Path[0]]
        : value.Properties.TryGetValue(part.Path[1], out var text) ? Targets(text)
        : []);
}

/// <param name="Path">The project file's absolute path.</param>
/// <param name="Environment">Templates, by variable.</param>
internal sealed record ManifestProject(
    string Name, string Path, IReadOnlyList<string> Arguments, IReadOnlyDictionary<string, string> Environment,
        IReadOnlyList<ManifestBinding> Bindings)
{
    private const string ListenerPrefix = "Topology__Listeners__";

    /// <summary>
    /// The ports of the container. Bindings with the same target port are one port. azd makes the external one the main ingress,
    /// else the first; the others are additional ports, which the platform passes on as TCP.
    /// </summary>
    public IReadOnlyList<ManifestPort> Ports
    {
        get
        {
            var ports = Bindings.GroupBy(binding => binding.TargetPort, (_, bindings) => bindings.ToArray()).ToList();
            var main = ports.Find(bindings => bindings.Any(binding => binding.IsExternal)) ?? ports.FirstOrDefault();
            return [.. ports.Select(bindings => new ManifestPort(bindings[0].Name, bindings, bindings == main))];
        }
    }

    /// <summary>
    /// What the services of this topology are told to listen on. A listener that is told a number has no binding: nothing leads
    /// there, as to the one for probes, and it gets an endpoint of its own name.
    /// </summary>
    public IEnumerable<(string Name, string Endpoint, bool IsHidden)> Listeners =>
        from variable in Environment
        where variable.Key.StartsWith(ListenerPrefix, StringComparison.Ordinal)
        let name = variable.Key[ListenerPrefix.Length..]
        let port =
            Ports.FirstOrDefault(
            port => port.Bindings.Any(binding => variable.Value.Contains($".bindings.{binding.Name}.", StringComparison.Ordinal)))
        select (name, port?.Name ?? name, port is null);

    /// <summary>The environment variable that tells the port of a listener.</summary>
    public static string ListenerVariable(string listener) => ListenerPrefix + listener;

    /// <summary>
    /// The endpoint on which management paths such as <c>/health</c> answer; null for a project that is not of this topology.
    /// </summary>
    public string? ManagementEndpoint => Listeners.FirstOrDefault(listener => listener.Name == "internal").Endpoint;
}

/// <summary>One port of a container.</summary>
/// <param name="Name">The name of its first binding.</param>
/// <param name="IsMain">The platform's ingress speaks HTTP there; other ports it passes on as TCP.</param>
internal sealed record ManifestPort(string Name, IReadOnlyList<ManifestBinding> Bindings, bool IsMain);

/// <param name="TargetPort">The container's port; null leaves it to the platform.</param>
/// <param name="IsExternal">Reached from outside the environment.</param>
internal sealed record ManifestBinding(string Name, string Scheme, string Transport, int? TargetPort, bool IsExternal);

/// <summary>parameter.v0, value.v0 and annotated.string: templates that others refer to as <c>{name.property}</c>.</summary>
/// <param name="Inputs">What a parameter asks whoever deploys it for.</param>
/// <param name="IsUriEncoded">The value is percent-encoded where it is used.</param>
internal sealed record ManifestValue(
    string Name, IReadOnlyDictionary<string, string> Properties, IReadOnlyDictionary<string, ManifestInput> Inputs, bool IsUriEncoded);

/// <param name="Default">Used when nothing is given.</param>
/// <param name="Rules">Not null: a value is made by them when nothing is given.</param>
internal sealed record ManifestInput(string? Default, GenerateParameterDefault? Rules);
