using System.Text.RegularExpressions;

namespace Topology.AppHost.Rehearsal;

/// <summary>
/// Parses manifest templates: text with references such as <c>{edge.bindings.http.url}</c>. Literal braces are doubled.
/// </summary>
internal static partial class Template
{
    /// <summary>The pieces of a text, in order.</summary>
    /// <exception cref="FormatException">A brace does not enclose a reference. The message gives only the position, because the
    /// text may be a password.</exception>
    public static IReadOnlyList<TemplatePart> Parse(string text) => [.. Parts().Matches(text).Select(part =>
        part.Groups["path"] is { Success: true } path ? new TemplatePart("", path.Value.Split('.'))
        : part.Value is "{" or "}" ? throw new FormatException(
            $"the brace at position {part.Index} encloses no reference such as {{resource.bindings.http.url}}; "
            + "write it twice for a literal brace")
        : new TemplatePart(part.Value.Replace("{{", "{", StringComparison.Ordinal).Replace("}}", "}", StringComparison.Ordinal), []))];

    [GeneratedRegex(@"\{(?<path>[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)+)\}|(\{\{|\}\}|[^{}])+|[{}]", RegexOptions.ExplicitCapture)]
    private static partial Regex Parts();
}

/// <param name="Literal">Literal text; empty for a reference.</param>
/// <param name="Path">A reference: the resource's name, then the property's path. Empty for text.</param>
internal readonly record struct TemplatePart(string Literal, string[] Path)
{
    public bool IsReference => Path.Length > 0;
}
