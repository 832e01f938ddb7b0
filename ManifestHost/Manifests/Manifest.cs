namespace Topology.ManifestHost.Manifests;

/// <summary>An Aspire manifest: what an AppHost publishes, read from <paramref name="File"/> (an absolute path).</summary>
/// <param name="File">Absolute path; the paths in the manifest are relative to its folder.</param>
/// <param name="Resources">By name, in the order of the file.</param>
internal sealed record Manifest(string File, IReadOnlyDictionary<string, Resource> Resources)
{
    public string Folder => Path.GetDirectoryName(File)!;

    public IEnumerable<ProcessResource> Processes => Resources.Values.OfType<ProcessResource>();
}

/// <summary>One entry of the manifest. What cannot run on a bare machine (containers, cloud resources) stays a plain <see cref="Resource"/>.</summary>
internal record Resource(string Name, string Type);

/// <summary>A resource that becomes a process. Environment values and arguments are unresolved templates.</summary>
internal abstract record ProcessResource(
    string Name,
    string Type,
    IReadOnlyList<string> Arguments,
    IReadOnlyDictionary<string, string> Environment,
    IReadOnlyDictionary<string, Binding> Bindings) : Resource(Name, Type)
{
    private const string ExplicitStartKey = "Topology__ExplicitStart";
    private const string ProgramKey = "Topology__Program";
    private const string InstallKey = "Topology__Install";

    /// <summary>Started only when named: manifests have no field for Aspire's WithExplicitStart, so the environment carries it.</summary>
    public bool ExplicitStart =>
        Environment.TryGetValue(ExplicitStartKey, out var value) && value.Equals("true", StringComparison.OrdinalIgnoreCase);

    /// <summary>Programs that its command needs, one of which must be installed; empty where the manifest says nothing.</summary>
    public IReadOnlyList<string> Programs =>
        Environment.TryGetValue(ProgramKey, out var value) ? value.Split('|', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) : [];

    /// <summary>The command that installs <see cref="Programs"/> on Debian; null where the manifest says nothing.</summary>
    public string? Install => Environment.GetValueOrDefault(InstallKey);

    /// <summary>Every string that may hold placeholders, with the name under which errors speak of it.</summary>
    public IEnumerable<(string Key, string Text)> Templates =>
        Environment.Select(e => ($"env {e.Key}", e.Value)).Concat(Arguments.Select((text, i) => ($"args[{i}]", text)));
}

/// <param name="ProjectFile">Absolute path of the project file.</param>
internal sealed record ProjectResource(
    string Name,
    string Type,
    string ProjectFile,
    IReadOnlyList<string> Arguments,
    IReadOnlyDictionary<string, string> Environment,
    IReadOnlyDictionary<string, Binding> Bindings) : ProcessResource(Name, Type, Arguments, Environment, Bindings);

/// <param name="Command">A program name to find on PATH, or an absolute path.</param>
/// <param name="WorkingDirectory">Absolute path.</param>
internal sealed record ExecutableResource(
    string Name,
    string Type,
    string Command,
    string WorkingDirectory,
    IReadOnlyList<string> Arguments,
    IReadOnlyDictionary<string, string> Environment,
    IReadOnlyDictionary<string, Binding> Bindings) : ProcessResource(Name, Type, Arguments, Environment, Bindings);

/// <summary>parameter.v0, value.v0 and annotated.string: named templates that others refer to as <c>{name.property}</c>.</summary>
/// <param name="Filter">Null, or <c>uri</c>: the value is percent-encoded where it is used.</param>
internal sealed record ValueResource(
    string Name,
    string Type,
    IReadOnlyDictionary<string, string> Properties,
    IReadOnlyDictionary<string, ParameterInput> Inputs,
    string? Filter) : Resource(Name, Type);

/// <summary>What a parameter asks of whoever deploys it.</summary>
/// <param name="Default">Used when nothing is given.</param>
/// <param name="Generate">Rules for making a value when nothing is given.</param>
internal sealed record ParameterInput(string Name, bool Secret, string? Default, GeneratedValue? Generate);

/// <summary>Rules of a generated value; lengths and minimums in characters.</summary>
internal sealed record GeneratedValue(
    int MinLength, bool Lower, bool Upper, bool Numeric, bool Special, int MinLower, int MinUpper, int MinNumeric, int MinSpecial);

/// <summary>A port of a resource, by the name other resources use for it.</summary>
/// <param name="Resource">The resource that listens.</param>
/// <param name="Scheme">URI scheme, such as <c>http</c>.</param>
/// <param name="Protocol"><c>tcp</c> or <c>udp</c>.</param>
/// <param name="Transport"><c>http</c>, <c>http2</c> (cleartext means prior knowledge) or <c>tcp</c>.</param>
/// <param name="FixedPort">The port the manifest asks for; null leaves the choice to the host.</param>
/// <param name="External">Meant for users rather than for other resources.</param>
/// <param name="Published">The manifest says under which port others reach it, and not only on which the resource listens.</param>
internal sealed record Binding(
    string Resource, string Name, string Scheme, string Protocol, string Transport, int? FixedPort, bool External = false, bool Published = false)
{
    /// <summary>HTTP, with or without TLS: what an ingress can be in front of.</summary>
    public bool IsHttp => Scheme is "http" or "https" && Protocol == "tcp" && Transport != "tcp";
}
