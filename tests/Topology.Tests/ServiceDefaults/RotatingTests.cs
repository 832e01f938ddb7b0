using Microsoft.Extensions.Time.Testing;
using Topology.Hardening.Certificates;

namespace Topology.Tests.ServiceDefaults;

public sealed class RotatingTests
{
    private readonly FakeTimeProvider _clock = new();
    private readonly List<Exception> _failures = [];
    private Func<string> _load = () => "first";

    [Fact]
    public void It_is_read_again_after_a_minute_and_at_once_where_that_is_asked_for()
    {
        var rotating = Rotating();
        Assert.Equal("first", rotating.Current);
        _load = () => "second";
        _clock.Advance(TimeSpan.FromSeconds(30));
        Assert.Equal("first", rotating.Current);
        Assert.Equal("second", rotating.Newest);
        _load = () => "third";
        Assert.Equal("second", rotating.Newest); // Not read again on every call.
        _clock.Advance(TimeSpan.FromSeconds(61));
        Assert.Equal("third", rotating.Current);
    }

    [Fact]
    public void What_cannot_be_read_again_stays_in_use_and_is_reported()
    {
        var rotating = Rotating();
        Assert.Equal("first", rotating.Current);
        _load = () => throw new InvalidOperationException("the key is of another certificate");
        _clock.Advance(TimeSpan.FromSeconds(61));
        Assert.Equal("first", rotating.Current);
        Assert.Equal("first", rotating.Current);
        Assert.Equal("the key is of another certificate", Assert.Single(_failures).Message);
        _load = () => "second";
        _clock.Advance(TimeSpan.FromSeconds(61));
        Assert.Equal("second", rotating.Current);
    }

    [Fact]
    public void What_cannot_be_read_the_first_time_is_an_error()
    {
        _load = () => throw new InvalidOperationException("no such file");
        Assert.Throws<InvalidOperationException>(() => Rotating().Current);
    }

    [Fact]
    public async Task While_one_reads_for_long_the_others_use_what_there_was()
    {
        var rotating = Rotating();
        Assert.Equal("first", rotating.Current);
        using var release = new ManualResetEventSlim();
        using var reading = new ManualResetEventSlim();
        _load = () =>
        {
            reading.Set();
            release.Wait();
            return "second";
        };
        _clock.Advance(TimeSpan.FromSeconds(61));
        var reader = Task.Run(() => rotating.Current);
        reading.Wait(TestContext.Current.CancellationToken);
        var other = Task.Run(() => (rotating.Current, rotating.Newest));
        Assert.Equal(("first", "first"), await other.WaitAsync(TimeSpan.FromSeconds(5), TestContext.Current.CancellationToken));
        release.Set();
        Assert.Equal("second", await reader);
    }

    private Rotating<string> Rotating() => new(() => _load(), _clock, _failures.Add);
}
