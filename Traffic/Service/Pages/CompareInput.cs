using System.Globalization;
using Microsoft.AspNetCore.WebUtilities;
using Topology.Comparison;
using Topology.Comparison.Pacing;
using Topology.Comparison.Workloads;

namespace Topology.Traffic.Pages;

/// <summary>The values of the form. The page keeps them in the query of its URL, so that a link or a reload restores them.</summary>
internal sealed class CompareInput
{
    public const string Quick = "quick";
    public const string Solid = "solid";
    public const string Own = "own";

    private static readonly ComparisonOptions Defaults = new();
    private double? _seconds = Defaults.DurationSeconds;

    public string Workload { get; set; } = Defaults.Workload;

    public HashSet<string> Paths { get; } = [];

    public double? Rate { get; set; } = Defaults.Rate;

    /// <summary>How long: one of the constants above.</summary>
    public string Time { get; set; } = Quick;

    /// <summary>Seconds on each path, if the time is the reader's own. To set it is to choose that.</summary>
    public double? Seconds
    {
        get => _seconds;
        set => (_seconds, Time) = (value, Own);
    }

    public string Version { get; set; } = "";

    public string Load { get; set; } = "constant";

    public bool Tls { get; set; }

    public bool ClosedLoop => Load == "closed";

    /// <summary>Whether one of the folded choices is not the default.</summary>
    public bool IsAdvanced => Time == Own || Version != "" || Load != "constant" || Tls;

    /// <summary>The options; null if a number is missing.</summary>
    /// <param name="paths">The chosen paths, the baseline first.</param>
    public ComparisonOptions? ToOptions(IReadOnlyList<string> paths) => Rate is not { } rate || (Time == Own && Seconds is null) ? null
        : new()
        {
            Workload = Workload,
            Paths = paths,
            Rate = rate,
            DurationSeconds = Time switch
            {
                Own => Seconds!.Value,
                Solid => RunTime.SecondsOnEachPath(TimeSpan.FromMinutes(5), paths.Count),
                _ => RunTime.SecondsOnEachPath(TimeSpan.FromSeconds(30), paths.Count),
            },
            Tls = Tls,
            HttpVersion = Version switch { "1" => 1, "2" => 2, _ => null },
            Arrival = Load == "poisson" ? Arrival.Poisson : Arrival.Constant,
            ClosedLoop = ClosedLoop,
        };

    /// <summary>The query's parameters; null removes one.</summary>
    public IReadOnlyDictionary<string, object?> ToQuery() => new Dictionary<string, object?>
    {
        ["workload"] = Workload == Defaults.Workload ? null : Workload,
        ["paths"] = string.Join(',', Paths),
        ["rate"] = Rate,
        ["time"] = Time,
        ["seconds"] = Time == Own ? Seconds : null,
        ["protocol"] = Version == "" ? null : Version,
        ["load"] = Load == "constant" ? null : Load,
        ["tls"] = Tls ? true : null,
    };

    /// <summary>Reads what a query has; values that the form does not offer are ignored.</summary>
    /// <param name="uri">The page's address.</param>
    /// <returns>Whether the query names paths.</returns>
    public bool Read(Uri uri)
    {
        ArgumentNullException.ThrowIfNull(uri);
        var query = QueryHelpers.ParseQuery(uri.Query);
        if (Value("workload") is { } workload && WorkloadCatalog.Find(workload) is not null) Workload = workload;
        if (Number("rate") is { } rate) Rate = rate;
        if (Number("seconds") is { } seconds) Seconds = seconds;
        if (Value("time") is Quick or Solid or Own) Time = Value("time")!;
        if (Value("protocol") is "1" or "2") Version = Value("protocol")!;
        if (Value("load") is "poisson" or "closed") Load = Value("load")!;
        Tls = string.Equals(Value("tls"), "true", StringComparison.OrdinalIgnoreCase);
        if (Value("paths") is not { Length: > 0 } paths) return false;
        Paths.UnionWith(paths.Split(','));
        return true;

        string? Value(string name) => query.TryGetValue(name, out var values) ? values[^1] : null;

        double? Number(string name) =>
            double.TryParse(Value(name), CultureInfo.InvariantCulture, out var number) && double.IsFinite(number) ? number : null;
    }
}
