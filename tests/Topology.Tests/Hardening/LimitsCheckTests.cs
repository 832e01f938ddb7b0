using Microsoft.Extensions.Options;
using Topology.Hardening.Limits;

namespace Topology.Tests.Hardening;

public sealed class LimitsCheckTests
{
    [Theory]
    [InlineData("Streams", "0", "Topology:Limits:Streams is 0; give more than 0.")]
    [InlineData("WaitingBytes", "-1", "Topology:Limits:WaitingBytes is -1; give more than 0.")]
    [InlineData("StreamAge", "00:00:00", "Topology:Limits:StreamAge is 00:00:00; give more than 0.")]
    [InlineData("UpstreamStreamWindow", "1000", "Topology:Limits:UpstreamStreamWindow is 1000; give at least 65535.")]
    [InlineData(
        "Http2ConnectionWindow", "70000", "Topology:Limits:Http2ConnectionWindow is 70000; give at least as much as Http2StreamWindow.")]
    public async Task A_limit_that_cannot_be_meant_stops_the_start(string key, string value, string message)
    {
        var failure =
            await Assert.ThrowsAsync<OptionsValidationException>(() => Recorder.StartAsync([($"{PublicLimits.Section}:{key}", value)]));
        Assert.Equal(message, failure.Message);
    }

    [Fact]
    public void The_worst_case_is_the_sum_of_what_each_limit_allows()
    {
        var (sum, connections, streams, answers, bodies) = WorstCase.Of(new PublicLimits(), listeners: 2);
        Assert.Equal(sum, connections + streams + answers + bodies);
        Assert.Equal(128L << 20, answers);
        Assert.InRange(sum >> 20, 1024, 4096);
    }
}
