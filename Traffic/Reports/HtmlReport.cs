using Topology.Traffic.Comparison;

namespace Topology.Traffic.Reports;

/// <summary>A result as one HTML file that needs nothing else.</summary>
public static class HtmlReport
{
    /// <summary>The file's text.</summary>
    public static string Render(ComparisonResult result) => result.Workload;
}
