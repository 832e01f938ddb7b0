using System.Diagnostics;
using OpenTelemetry;
using Topology.ServiceDefaults.Paths;

namespace Topology.ServiceDefaults.Telemetry;

/// <summary>Copies path and workload from the parent span to spans in the same process, such as calls to other services.</summary>
internal sealed class InheritedTags : BaseProcessor<Activity>
{
    public override void OnStart(Activity data)
    {
        if (data.Parent is not { } parent) return;
        if (parent.GetTagItem(TopologyPath.Tag) is { } path) data.SetTag(TopologyPath.Tag, path);
        if (parent.GetTagItem(TopologyPath.WorkloadTag) is { } workload) data.SetTag(TopologyPath.WorkloadTag, workload);
    }
}
