namespace Topology.Hardening.Settings;

/// <summary>Lists in configuration. One value may hold several entries, separated by semicolons.</summary>
internal static class SettingList
{
    /// <summary>The entries, without white space around them and without empty ones.</summary>
    public static string[] Split(params IEnumerable<string> values) =>
        [.. values.SelectMany(value => value.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))];
}
