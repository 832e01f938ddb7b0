using Topology.Comparison.Reports;
using Topology.ServiceDefaults.Paths;

namespace Topology.Traffic.Pages;

/// <summary>What all charts share.</summary>
internal static class Series
{
    /// <summary>The colour of a path: a variable of the style sheet, so that light and dark are the reader's.</summary>
    public static string Colour(string path) => $"var(--s{SvgCharts.Colour(path)})";

    /// <summary>The colour of a process: a proxy has its path's, the generator none, backends that of the direct path.</summary>
    public static string Process(string process) => process switch
    {
        Comparison.Cost.ProcessCost.GeneratorName => "var(--muted)",
        _ when TopologyPath.All.Contains(process) => Colour(process),
        "orders" => "color-mix(in srgb, var(--s0) 60%, var(--s5))",
        _ => Colour(ServiceDefaults.Paths.TopologyPath.Direct),
    };
}
