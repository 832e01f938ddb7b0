using System.Collections.Immutable;

namespace Topology.ManifestHost.Manifests;

/// <summary>Turns templates into values. Errors are <see cref="UsageException"/>s that name the resource and the key.</summary>
/// <param name="manifest">What references may refer to.</param>
/// <param name="port">The port a binding's resource listens on in this run.</param>
/// <param name="input">The value of a parameter's input, for the resource of that name.</param>
/// <param name="reached">The port on which others reach a binding; null where that is the same.</param>
internal sealed class ValueResolver(
    Manifest manifest, Func<Binding, int> port, Func<ValueResource, ParameterInput, string> input, Func<Binding, int>? reached = null)
{
    /// <summary>Everything listens on, and is reached by, the loopback interface only.</summary>
    public const string Host = "localhost";

    private const string BindingProperties = "url, host, port, targetPort and scheme";

    /// <summary>The URL other processes on this machine use.</summary>
    public static string Url(Binding binding, int port) => $"{binding.Scheme}://{Host}:{port}";

    public IReadOnlyDictionary<string, string> Environment(ProcessResource resource) =>
        resource.Environment.ToDictionary(e => e.Key, e => Resolve(resource, $"env {e.Key}", e.Value), StringComparer.Ordinal);

    public IReadOnlyList<string> Arguments(ProcessResource resource) =>
        [.. resource.Arguments.Select((text, i) => Resolve(resource, $"args[{i}]", text))];

    /// <summary>The value of one template.</summary>
    /// <param name="resource">Whose template it is.</param>
    /// <param name="key">Its key there, for errors.</param>
    /// <param name="text">The template.</param>
    public string Resolve(Resource resource, string key, string text) => Resolve(new Origin(resource.Name, key, []), text);

    private string Resolve(Origin origin, string text) =>
        string.Concat(Parse(origin, text).Parts.Select(part => part.IsReference ? Resolve(origin, part.Path) : part.Literal));

    private string Resolve(Origin origin, IReadOnlyList<string> path)
    {
        var reference = $"{{{string.Join('.', path)}}}";
        if (!manifest.Resources.TryGetValue(path[0], out var target))
            throw Error(origin, $"{reference} refers to '{path[0]}', which is not in the manifest");

        return (target, path) switch
        {
            (ProcessResource process, [_, "bindings", var name, var property]) => process.Bindings.TryGetValue(name, out var binding)
                ? Property(binding, property) ?? throw Error(origin, $"{reference} asks for '{property}'; a binding has {BindingProperties}")
                : throw Error(origin, $"{reference} refers to the binding '{name}', but '{target.Name}' has {Names(process.Bindings.Keys)}"),
            (ValueResource value, [_, "inputs", var name]) => value.Inputs.TryGetValue(name, out var asked)
                ? input(value, asked)
                : throw Error(origin, $"{reference} refers to the input '{name}', but '{target.Name}' has {Names(value.Inputs.Keys)}"),
            (ValueResource value, [_, var property]) => value.Properties.TryGetValue(property, out var text)
                ? Filter(value, Resolve(Through(origin, $"{value.Name}.{property}"), text))
                : throw Error(origin, $"{reference} asks for '{property}', but '{target.Name}' has {Names(value.Properties.Keys)}"),
            (ProcessResource, _) => throw Error(origin, $"{reference} cannot be resolved; a {target.Type} offers {{{target.Name}.bindings.NAME.PROPERTY}} with {BindingProperties}"),
            (ValueResource, _) => throw Error(origin, $"{reference} cannot be resolved; a {target.Type} offers {{{target.Name}.value}} and the like"),
            _ => throw Error(origin, $"{reference} refers to '{target.Name}', a {target.Type}, which cannot run here; run it elsewhere and give its address instead"),
        };
    }

    private static string Filter(ValueResource resource, string value) => resource.Filter is "uri" ? Uri.EscapeDataString(value) : value;

    private string? Property(Binding binding, string property) => property switch
    {
        "url" => Url(binding, (reached ?? port)(binding)),
        "host" => Host,
        "scheme" => binding.Scheme,
        "port" => Text((reached ?? port)(binding)),
        "targetPort" => Text(port(binding)),
        _ => null,
    };

    private static string Text(int number) => number.ToString(System.Globalization.CultureInfo.InvariantCulture);

    private Template Parse(Origin origin, string text)
    {
        try
        {
            return Template.Parse(text);
        }
        catch (FormatException e)
        {
            throw Error(origin, e.Message);
        }
    }

    private UsageException Error(Origin origin, string problem)
    {
        var through = origin.Trail.IsEmpty ? "" : $" (through {string.Join(" → ", origin.Trail)})";
        return new UsageException($"{manifest.File}: resource '{origin.Resource}', {origin.Key}{through}: {problem}.");
    }

    private static string Names(IEnumerable<string> names) => names.ToArray() is { Length: > 0 } some ? "only " + string.Join(", ", some) : "none";

    private Origin Through(Origin origin, string step) => origin.Trail.Contains(step)
        ? throw Error(origin, $"{{{step}}} refers to itself; break the cycle")
        : origin with { Trail = origin.Trail.Add(step) };

    /// <summary>Where resolution began, and the values it has come through since.</summary>
    private sealed record Origin(string Resource, string Key, ImmutableList<string> Trail);
}
