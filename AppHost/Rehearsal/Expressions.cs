using System.Text.RegularExpressions;
using Microsoft.Extensions.Configuration;
using Topology.AppHost.Running;

namespace Topology.AppHost.Rehearsal;

/// <summary>
/// Gives a manifest's templates their meaning on this machine, as azd does in the cloud: others are reached through the ingress,
/// a project's own target ports are those it listens on.
/// </summary>
/// <param name="through">The ingress's endpoint for a binding.</param>
/// <param name="own">A replica's own endpoint for a binding, for the replica that asks.</param>
internal sealed partial class Expressions(
    Manifest manifest, IConfiguration configuration, Func<ManifestProject, ManifestBinding, EndpointReference> through,
    Func<ManifestProject, ManifestBinding, EndpointReference> own)
{
    private const string Host = "localhost";
    private readonly Dictionary<string, string> _generated = [];

    /// <summary>Resolves the templates of one project.</summary>
    /// <param name="project">Whose template it is.</param>
    /// <param name="key">Its key there, for errors.</param>
    /// <exception cref="TopologyException">It refers to something that does not exist.</exception>
    public ReferenceExpression Resolve(ManifestProject project, string key, string template)
    {
        var result = new ReferenceExpressionBuilder();
        Append(result, new Origin(project.Name, key, [], IsUriEncoded: false), template);
        return result.Build();
    }

    private void Append(ReferenceExpressionBuilder result, Origin origin, string template)
    {
        // A literal brace is written twice.
        foreach (Match part in Part().Matches(template))
        {
            if (part.Groups["path"] is { Success: true } path) AppendReference(result, origin, path.Value.Split('.'));
            else if (part.Value is "{" or "}") throw Error(origin, $"the brace at position {part.Index} encloses no reference; write it twice for a literal one");
            else AppendText(result, origin, part.Value.Replace("{{", "{", StringComparison.Ordinal).Replace("}}", "}", StringComparison.Ordinal));
        }
    }

    private void AppendReference(ReferenceExpressionBuilder result, Origin origin, string[] path)
    {
        var reference = $"{{{string.Join('.', path)}}}";
        if (manifest.Projects.FirstOrDefault(project => project.Name == path[0]) is { } target)
        {
            if (path is not [_, "bindings", var name, var property]) throw Error(origin, $"{reference} is unknown; a project offers {{{target.Name}.bindings.NAME.PROPERTY}}");
            var binding = target.Bindings.FirstOrDefault(candidate => candidate.Name == name)
                ?? throw Error(origin, $"{reference}: '{target.Name}' has no binding '{name}'; it has {string.Join(", ", target.Bindings.Select(other => other.Name))}");
            AppendBinding(result, origin, reference, target, binding, property);
        }
        else if (manifest.Values.TryGetValue(path[0], out var value))
        {
            AppendValue(result, origin, reference, value, path);
        }
        else
        {
            throw Error(origin, $"{reference} refers to '{path[0]}', which is not in the manifest");
        }
    }

    private void AppendBinding(ReferenceExpressionBuilder result, Origin origin, string reference, ManifestProject target, ManifestBinding binding, string property)
    {
        switch (property)
        {
            case "url": AppendEndpoint(result, origin, through(target, binding).Property(EndpointProperty.Url)); break;
            case "port": AppendEndpoint(result, origin, through(target, binding).Property(EndpointProperty.Port)); break;
            case "targetPort": AppendEndpoint(result, origin, own(target, binding).Property(EndpointProperty.TargetPort)); break;
            case "host": result.AppendLiteral(Host); break;
            case "scheme": result.AppendLiteral(binding.Scheme); break;
            default: throw Error(origin, $"{reference} asks for '{property}'; a binding has url, host, port, targetPort and scheme");
        }
    }

    private void AppendValue(ReferenceExpressionBuilder result, Origin origin, string reference, ManifestValue value, string[] path)
    {
        if (path is [_, "inputs", var input] && value.Inputs.TryGetValue(input, out var asked))
        {
            AppendText(result, origin, Input(value.Name, asked));
            return;
        }

        if (path is not [_, var property] || !value.Properties.TryGetValue(property, out var text)) throw Error(origin, $"{reference} is unknown; '{value.Name}' has {string.Join(", ", value.Properties.Keys)}");
        if (origin.Trail.Contains(reference)) throw Error(origin, $"{reference} refers to itself; break the circle");
        Append(result, origin with { Trail = [.. origin.Trail, reference], IsUriEncoded = origin.IsUriEncoded || value.IsUriEncoded }, text);
    }

    private static void AppendText(ReferenceExpressionBuilder result, Origin origin, string text) =>
        result.AppendLiteral(origin.IsUriEncoded ? Uri.EscapeDataString(text) : text);

    private static void AppendEndpoint(ReferenceExpressionBuilder result, Origin origin, EndpointReferenceExpression endpoint) =>
        result.AppendFormatted(endpoint, origin.IsUriEncoded ? "uri" : null);

    /// <summary>A parameter's value: from the configuration, the manifest's default, or made for this run.</summary>
    private string Input(string name, ManifestInput input)
    {
        if (configuration[$"Parameters:{name}"] is { } given) return given;
        if (input.Default is { } fallback) return fallback;
        if (input.MinLength is not { } length) throw new TopologyException($"{manifest.File}: parameter '{name}' has no value; give it with --Parameters:{name}=VALUE.");
        if (!_generated.TryGetValue(name, out var generated)) _generated[name] = generated = new GenerateParameterDefault { MinLength = length, Special = false }.GetDefaultValue();
        return generated;
    }

    private TopologyException Error(Origin origin, string problem) => new($"{manifest.File}: resource '{origin.Resource}', key '{origin.Key}': {problem}.");

    [GeneratedRegex(@"\{(?<path>[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)+)\}|(\{\{|\}\}|[^{}])+|[{}]", RegexOptions.ExplicitCapture)]
    private static partial Regex Part();

    /// <summary>Where resolution began, and the values that it has come through since.</summary>
    private sealed record Origin(string Resource, string Key, IReadOnlyList<string> Trail, bool IsUriEncoded);
}
