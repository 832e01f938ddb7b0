using Microsoft.Extensions.Configuration;
using Topology.AppHost.Running;

namespace Topology.AppHost.Rehearsal;

/// <summary>
/// Resolves a manifest's templates for this machine, as azd does in the cloud: other services are reached through the ingress,
/// and target ports are the project's own listener ports.
/// </summary>
/// <param name="through">The ingress's endpoint for a binding.</param>
/// <param name="own">The endpoint for a binding on the replica whose template is resolved.</param>
internal sealed class Expressions(
    Manifest manifest, IConfiguration configuration, Func<ManifestProject, ManifestBinding, EndpointReference> through,
    Func<ManifestProject, ManifestBinding, EndpointReference> own)
{
    private const string Host = "localhost";
    private readonly Dictionary<string, string> _generated = [];

    /// <summary>Resolves the templates of one project.</summary>
    /// <param name="project">The project that the template belongs to.</param>
    /// <param name="key">The template's key in the manifest, for error messages.</param>
    /// <exception cref="TopologyException">The template contains an invalid or unknown reference.</exception>
    public ReferenceExpression Resolve(ManifestProject project, string key, string template)
    {
        var result = new ReferenceExpressionBuilder();
        Append(result, new Origin(project.Name, key, [], IsUriEncoded: false), template);
        return result.Build();
    }

    private void Append(ReferenceExpressionBuilder result, Origin origin, string template)
    {
        foreach (var part in Parse(origin, template))
        {
            if (part.IsReference) AppendReference(result, origin, part.Path);
            else AppendText(result, origin, part.Literal);
        }
    }

    private IReadOnlyList<TemplatePart> Parse(Origin origin, string template)
    {
        try
        {
            return Template.Parse(template);
        }
        catch (FormatException exception)
        {
            throw Error(origin, exception.Message);
        }
    }

    private void AppendReference(ReferenceExpressionBuilder result, Origin origin, string[] path)
    {
        var reference = $"{{{string.Join('.', path)}}}";
        if (manifest.Projects.FirstOrDefault(project => project.Name == path[0]) is { } target)
        {
            if (path is not [_, "bindings", var name, var property])
            {
                throw Error(origin, $"{reference} is unknown; a project offers {{{target.Name}.bindings.NAME.PROPERTY}}");
            }
            var binding = target.Bindings.FirstOrDefault(candidate => candidate.Name == name)
                ?? throw Error(
                    origin,
                    $"{reference}: '{target.Name}' has no binding '{name}'; it has {Names(target.Bindings.Select(other => other.Name))}");
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

    private void AppendBinding(
        ReferenceExpressionBuilder result, Origin origin, string reference, ManifestProject target, ManifestBinding binding,
        string property)
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

        if (path is not [_, var property] || !value.Properties.TryGetValue(property, out var text))
        {
            var known = Names([.. value.Properties.Keys, .. value.Inputs.Keys.Select(name => $"inputs.{name}")]);
            throw Error(origin, $"{reference} is unknown; '{value.Name}' has {known}");
        }
        if (origin.Trail.Contains(reference)) throw Error(origin, $"{reference} refers to itself; remove the circular reference");
        var isUriEncoded = origin.IsUriEncoded || value.IsUriEncoded;
        Append(result, origin with { Trail = [.. origin.Trail, reference], IsUriEncoded = isUriEncoded }, text);
    }

    /// <summary>Escapes braces, because the builder treats literals as part of a format string.</summary>
    private static void AppendText(ReferenceExpressionBuilder result, Origin origin, string text)
    {
        var literal = origin.IsUriEncoded ? Uri.EscapeDataString(text) : text;
        result.AppendLiteral(literal.Replace("{", "{{", StringComparison.Ordinal).Replace("}", "}}", StringComparison.Ordinal));
    }

    private static void AppendEndpoint(ReferenceExpressionBuilder result, Origin origin, EndpointReferenceExpression endpoint) =>
        result.AppendFormatted(endpoint, origin.IsUriEncoded ? "uri" : null);

    /// <summary>The value of a parameter. It comes from configuration or the manifest's default, or is generated once per run.</summary>
    private string Input(string name, ManifestInput input)
    {
        // The name of a shell variable cannot contain a hyphen, so accept an underscore instead.
        if ((configuration[$"Parameters:{name}"] ?? configuration[$"Parameters:{name.Replace('-', '_')}"]) is { } given) return given;
        if (input.Default is { } fallback) return fallback;
        if (input.Rules is not { } rules)
        {
            throw new TopologyException($"{manifest.File}: parameter '{name}' has no value; give it with --Parameters:{name}=VALUE.");
        }
        if (!_generated.TryGetValue(name, out var generated)) _generated[name] = generated = rules.GetDefaultValue();
        return generated;
    }

    private TopologyException Error(Origin origin, string problem)
    {
        var through = origin.Trail.Count == 0 ? "" : $" (through {string.Join(" → ", origin.Trail)})";
        return new($"{manifest.File}: resource '{origin.Resource}', key '{origin.Key}'{through}: {problem}.");
    }

    private static string Names(IEnumerable<string> names) => string.Join(", ", names) is { Length: > 0 } some ? some : "none";

    /// <summary>The template where resolution started, and the references followed since.</summary>
    private sealed record Origin(string Resource, string Key, IReadOnlyList<string> Trail, bool IsUriEncoded);
}
