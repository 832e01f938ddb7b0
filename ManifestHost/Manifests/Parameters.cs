using System.Security.Cryptography;

namespace Topology.ManifestHost.Manifests;

/// <summary>Values of parameters: given on the command line, in the environment, by the manifest's default, or generated; in that order.</summary>
/// <param name="given"><c>--parameter</c> values by parameter name.</param>
/// <param name="environment">Reads an environment variable; null if it is not set.</param>
internal sealed class Parameters(IReadOnlyDictionary<string, string> given, Func<string, string?> environment)
{
    private readonly Dictionary<(string, string), string> _generated = [];

    /// <exception cref="UsageException">No value is given, and none can be made.</exception>
    public string Value(ValueResource parameter, ParameterInput input)
    {
        if (given.TryGetValue(parameter.Name, out var value))
            return value;

        // Aspire accepts '_' for '-', because shells cannot set variables with a '-'.
        var variable = $"Parameters__{parameter.Name}";
        var portable = variable.Replace('-', '_');
        if ((environment(variable) ?? environment(portable)) is { } set)
            return set;

        if (input.Default is { } fallback)
            return fallback;
        if (input.Generate is not { } rules)
            throw new UsageException($"parameter '{parameter.Name}' has no value: give it with --parameter {parameter.Name}=VALUE or the environment variable {portable}.");
        if (!_generated.TryGetValue((parameter.Name, input.Name), out var generated))
            _generated[(parameter.Name, input.Name)] = generated = Generate(parameter.Name, rules);
        return generated;
    }

    /// <summary>Reads <c>name=value</c> pairs from the command line and checks that <paramref name="manifest"/> has such parameters.</summary>
    public static IReadOnlyDictionary<string, string> Parse(IEnumerable<string> pairs, Manifest manifest)
    {
        var known = manifest.Resources.Values.Where(r => r.Type == "parameter.v0").Select(r => r.Name).ToHashSet();
        var values = new Dictionary<string, string>();
        foreach (var pair in pairs)
        {
            if (pair.Split('=', 2) is not [{ Length: > 0 } name, var value])
                throw new UsageException($"--parameter {pair.Split('=')[0]}: write it as --parameter name=value.");
            if (!known.Contains(name))
                throw new UsageException($"--parameter {name}: {manifest.File} has no such parameter{(known.Count == 0 ? "" : "; it has " + string.Join(", ", known))}.");
            values[name] = value;
        }
        return values;
    }

    private static string Generate(string name, GeneratedValue rules)
    {
        // The same classes as Aspire's generator: no characters that are easily confused or need quoting.
        (string Characters, bool Allowed, int Minimum)[] classes =
        [
            ("abcdefghjkmnpqrstuvwxyz", rules.Lower, rules.MinLower),
            ("ABCDEFGHJKMNPQRSTUVWXYZ", rules.Upper, rules.MinUpper),
            ("0123456789", rules.Numeric, rules.MinNumeric),
            ("-_.{}~()*+!", rules.Special, rules.MinSpecial),
        ];
        var allowed = classes.Where(c => c.Allowed || c.Minimum > 0).ToArray();
        if (allowed.Length == 0)
            throw new UsageException($"parameter '{name}', key 'inputs.value.default.generate': allows no character at all.");

        var characters = allowed.SelectMany(c => RandomNumberGenerator.GetItems<char>(c.Characters, c.Minimum)).ToList();
        var missing = Math.Max(rules.MinLength - characters.Count, characters.Count == 0 ? 1 : 0);
        characters.AddRange(RandomNumberGenerator.GetItems<char>(string.Concat(allowed.Select(c => c.Characters)), missing));
        var value = characters.ToArray();
        RandomNumberGenerator.Shuffle(value.AsSpan());
        return new string(value);
    }
}
