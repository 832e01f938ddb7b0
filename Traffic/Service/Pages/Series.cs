using Topology.Comparison.Reports;
using Topology.ServiceDefaults.Paths;

namespace Topology.Traffic.Pages;

/// <summary>Colours that all charts share.</summary>
internal static class Series
{
    /// <summary>The colour of a path, as a CSS variable that follows the light or dark theme.</summary>
    public static string Colour(string path) => $"var(--s{SvgCharts.Colour(path)})";

    /// <summary>
    /// The colour of a process. A proxy has the colour of its path, a backend has the colour of the direct path, and the generator has a
    /// muted colour.
    /// </summary>
    public static string Process(string process) => process switch
    {
        Comparison.Cost.ProcessCost.GeneratorName => "var(--muted)",
        _ when TopologyPath.All.Contains(process) => Colour(process),
        "orders" => "color-mix(in srgb, var(--s0) 60%, var(--s5))",
        _ => Colour(ServiceDefaults.Paths.TopologyPath.Direct),
    };
}
