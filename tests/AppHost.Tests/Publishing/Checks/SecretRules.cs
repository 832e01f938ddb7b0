using System.Text.Json;
using System.Text.RegularExpressions;

namespace Topology.AppHost.Tests.Publishing.Checks;

/// <summary>
/// Manifests are committed, so nothing in them may be secret: a value by whose name or form it may be one has to be a
/// parameter that whoever deploys gives.
/// </summary>
internal static partial class SecretRules
{
    private const string Advice = "make it a parameter with \"secret\": true and no default";

    public static IEnumerable<Problem> Check(string name, JsonElement resource)
    {
        foreach (var (key, text) in resource.Strings().Where(entry => entry.Text.Length > 0))
        {
            if (SecretForm().IsMatch(text))
                yield return new Problem(name, key, $"looks like a secret by its form; {Advice}");
            else if (
                key.StartsWith("env.", StringComparison.Ordinal) && SecretName().IsMatch(key) && !bool.TryParse(text, out _)
                && ManifestNode.IsLiteral(text))
                yield return new Problem(name, key, $"looks like a secret by its name, and has a value; {Advice}");
        }

        foreach (var input in resource.Members("inputs").Where(input => input.Value.Member("default")?.Text("value") is { Length: > 0 }))
        {
            if (input.Value.IsTrue("secret"))
                yield return new Problem(name, $"inputs.{input.Name}.default.value", "a secret has no default; remove it");
            else if (SecretName().IsMatch(name) || SecretName().IsMatch(input.Name))
                yield return new Problem(
                    name, $"inputs.{input.Name}.default.value", $"looks like a secret by its name, and has a value; {Advice}");
        }
    }

    [GeneratedRegex(
        "password|passwd|pwd|secret|token|api_?-?key|access_?-?key|account_?-?key|private_?-?key|credential", RegexOptions.IgnoreCase)]
    private static partial Regex SecretName();

    /// <summary>
    /// A PEM key, a password in a connection string or a URL, a token of a well-known service; references to parameters are none.
    /// </summary>
    [GeneratedRegex(@"-----BEGIN [A-Z ]*PRIVATE KEY|(password|pwd|accountkey|sharedaccesskey|sharedaccesssignature)\s*=\s*[^{;\s]|://[^/@\s{}:]*:[^/@\s{}]+@|\b(gh[pousr]_|github_pat_|xox[abp]-|AKIA[0-9A-Z]{12}|eyJ[A-Za-z0-9_-]{10,}\.eyJ)|[?&]sig=[^{&\s]", RegexOptions.IgnoreCase)]
    private static partial Regex SecretForm();
}
