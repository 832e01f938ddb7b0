using System.Text;

namespace Topology.ManifestHost.Manifests;

/// <summary>A string of the manifest in pieces: literal text, and references such as <c>{edge.bindings.http.url}</c>.</summary>
/// <remarks>A literal brace is written twice (<c>{{</c>, <c>}}</c>).</remarks>
internal sealed record Template(IReadOnlyList<Template.Part> Parts)
{
    /// <summary>Literal text, or the path of a reference: the resource's name and what is asked of it.</summary>
    internal readonly record struct Part(string Literal, IReadOnlyList<string> Path)
    {
        public bool IsReference => Path.Count > 0;
    }

    public IEnumerable<IReadOnlyList<string>> References => Parts.Where(part => part.IsReference).Select(part => part.Path);

    /// <exception cref="FormatException">
    /// A brace has no partner, or encloses something that is no reference. The message tells where and not what: the text may be
    /// a password with a brace.
    /// </exception>
    public static Template Parse(string text)
    {
        var parts = new List<Part>();
        var literal = new StringBuilder();

        for (var i = 0; i < text.Length; i++)
        {
            switch (text[i])
            {
                case '{' or '}' when i + 1 < text.Length && text[i + 1] == text[i]:
                    literal.Append(text[i++]);
                    break;
                case '{':
                    var end = text.IndexOf('}', i);
                    if (end < 0)
                        throw new FormatException($"the '{{' at position {i} is never closed; write '{{{{' for a literal brace");
                    if (literal.Length > 0)
                        parts.Add(new Part(literal.ToString(), []));
                    literal.Clear();
                    parts.Add(new Part("", ParsePath(text[(i + 1)..end], i)));
                    i = end;
                    break;
                case '}':
                    throw new FormatException($"the '}}' at position {i} closes nothing; write '}}}}' for a literal brace");
                default:
                    literal.Append(text[i]);
                    break;
            }
        }

        if (literal.Length > 0)
            parts.Add(new Part(literal.ToString(), []));
        return new Template(parts);
    }

    /// <summary>Text that parses to exactly <paramref name="literal"/>.</summary>
    public static string Escape(string literal) => literal.Replace("{", "{{", StringComparison.Ordinal).Replace("}", "}}", StringComparison.Ordinal);

    private static string[] ParsePath(string path, int position)
    {
        var steps = path.Split('.');
        return steps.Length > 1 && steps.All(step => step.Length > 0 && step.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_'))
            ? steps
            : throw new FormatException($"the braces at position {position} enclose no reference such as '{{resource.bindings.http.url}}'; write '{{{{' for a literal brace");
    }
}
