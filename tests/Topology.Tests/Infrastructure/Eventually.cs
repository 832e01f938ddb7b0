namespace Topology.Tests.Infrastructure;

/// <summary>Waits for something that happens slightly later, such as the end of a server span.</summary>
public static class Eventually
{
    public static Task TrueAsync(Func<bool> condition, int seconds = 15) => TrueAsync(() => Task.FromResult(condition()), seconds);

    public static async Task TrueAsync(Func<Task<bool>> condition, int seconds = 15)
    {
        for (var end = DateTime.UtcNow.AddSeconds(seconds); !await condition(); await Task.Delay(50, TestContext.Current.CancellationToken))
        {
            Assert.True(DateTime.UtcNow < end, $"The condition was not met within {seconds} s.");
        }
    }
}
