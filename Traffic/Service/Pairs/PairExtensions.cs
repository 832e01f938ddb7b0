using Topology.Comparison.Pairs;

namespace Topology.Traffic.Pairs;

internal static class PairExtensions
{
    /// <summary>Adds the background service that sends request pairs, and the store that keeps the most recent ones.</summary>
    public static void AddPairs(this IHostApplicationBuilder builder)
    {
        builder.Services.AddOptions<PairOptions>().BindConfiguration(PairOptions.Section)
            .Validate(
                options => options.PairsPerSecond is >= 0 and <= 100, "Traffic:PairsPerSecond must be from 0 to 100.").ValidateOnStart();
        builder.Services.AddSingleton<PairSender>();
        builder.Services.AddSingleton<RecentPairs>();
        builder.Services.AddSingleton<PairTraffic>();
        builder.Services.AddHostedService(services => services.GetRequiredService<PairTraffic>());
    }
}
