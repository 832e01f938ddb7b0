namespace Topology.ManifestHost.Running;

/// <summary>How long to wait before a crashed process is started again: 1 s, doubled each time up to 30 s, and 1 s again once it has run for a minute.</summary>
internal sealed class Backoff
{
    private static readonly TimeSpan First = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Last = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Stable = TimeSpan.FromSeconds(60);

    private TimeSpan _next = First;

    /// <param name="uptime">How long the process has run.</param>
    public TimeSpan After(TimeSpan uptime)
    {
        var delay = uptime >= Stable ? First : _next;
        _next = delay * 2 < Last ? delay * 2 : Last;
        return delay;
    }
}
