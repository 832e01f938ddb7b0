using System.Diagnostics;
using OpenTelemetry;
using Topology.ServiceDefaults.Paths;

namespace Topology.ServiceDefaults.Telemetry;

/// <summary>Gives spans inside a process, such as a call to another service, the path and workload of the span above them.</summary>
internal sealed class InheritedTags : BaseProcessor<Activity>
{
    public override void OnStart(Activity data)
    {
        if (data.Parent is not { } parent) return;
        if (parent.GetTagItem(TopologyPath.Tag) is { } path) data.SetTag(TopologyPath.Tag, path);
        if (parent.GetTagItem(TopologyPath.WorkloadTag) is { } workload) data.SetTag(TopologyPath.WorkloadTag, workload);
    }
}
