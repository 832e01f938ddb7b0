using Topology.ManifestHost.Running;

namespace Topology.Tests.ManifestHost;

public sealed class BackoffTests
{
    [Fact]
    public void Delays_double_up_to_30_seconds()
    {
        var backoff = new Backoff();
        Assert.Equal([1, 2, 4, 8, 16, 30, 30], Enumerable.Range(0, 7).Select(_ => backoff.After(TimeSpan.FromSeconds(3)).TotalSeconds));
    }

    [Fact]
    public void They_begin_again_after_a_minute_of_running()
    {
        var backoff = new Backoff();
        TimeSpan[] uptimes = [TimeSpan.Zero, TimeSpan.Zero, TimeSpan.FromSeconds(60), TimeSpan.Zero];
        Assert.Equal([1, 2, 1, 2], uptimes.Select(uptime => backoff.After(uptime).TotalSeconds));
    }
}
