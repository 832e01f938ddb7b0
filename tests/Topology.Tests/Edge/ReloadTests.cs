using System.Collections.Concurrent;
using System.Net;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Topology.Catalog.Items;
using Topology.Edge.Upstreams;
using Topology.Tests.Infrastructure;

namespace Topology.Tests.Edge;

/// <summary>Changes of the edge's configuration while it runs.</summary>
public sealed class ReloadTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("ReverseProxy:Routes:catalog:Metadata:BodyBytes", "many")]
    [InlineData("ReverseProxy:Routes:catalog:Metadata:Timeouts", "00:00:01")]
    [InlineData("ReverseProxy:Routes:catalog:Metadata:Speaks", "gopher")]
    [InlineData("ReverseProxy:Routes:catalog:Match:Path", "/catalog/{")]
    [InlineData("ReverseProxy:Clusters:catalog:LoadBalancingPolicy", "Fairest")]
    public async Task An_invalid_change_is_refused_with_its_reason_and_the_old_configuration_stays(string key, string value)
    {
        await using var catalog = ServiceHost.Start<ItemStore>();
        await using var edge = ServiceHost.Start<UpstreamOptions>(ServiceHost.Discovery("catalog", catalog));
        using var log = new ErrorLog();
        edge.Services.GetRequiredService<ILoggerFactory>().AddProvider(log);
        var changes = Changes.AddTo(edge);
        changes.Change(key, value);
        await Eventually.TrueAsync(() => Task.FromResult(log.Entries.Any(entry => entry.Contains(value, StringComparison.Ordinal)
            || entry.Contains(key.Split(':')[^1], StringComparison.Ordinal))));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(edge, "/catalog/items/1"));

        // The next valid change is applied.
        changes.Change(key, null);
        changes.Change("ReverseProxy:Routes:catalog:Match:Path", "/goods/{**rest}");
        await Eventually.TrueAsync(async () => await StatusAsync(edge, "/catalog/items/1") == HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task Changes_apply_without_a_failed_request()
    {
        await using var catalog = ServiceHost.Start<ItemStore>();
        await using var edge = ServiceHost.Start<UpstreamOptions>(ServiceHost.Discovery("catalog", catalog));
        var changes = Changes.AddTo(edge);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancelled);
        var statuses = new ConcurrentBag<HttpStatusCode>();
        var load = Enumerable.Range(0, 4).Select(async _ =>
        {
            var client = edge.Client();
            while (!stop.IsCancellationRequested)
            {
                using var response = await client.GetAsync("/catalog/items/1", Cancelled);
                statuses.Add(response.StatusCode);
            }
        }).ToArray();

        for (var change = 1; change <= 20; change++)
        {
            var before = statuses.Count;
            changes.Change("ReverseProxy:Routes:catalog:Metadata:BodyBytes", $"{change}");
            changes.Change("ReverseProxy:Clusters:catalog:HttpClient:MaxConnectionsPerServer", $"{change}");
            await Eventually.TrueAsync(() => Task.FromResult(statuses.Count > before + 20));
        }

        await stop.CancelAsync();
        await Task.WhenAll(load);
        Assert.All(statuses, status => Assert.Equal(HttpStatusCode.OK, status));
    }

    private static async Task<HttpStatusCode> StatusAsync(ServiceHost edge, string path)
    {
        using var response = await edge.Client().GetAsync(path, Cancelled);
        return response.StatusCode;
    }

    /// <summary>A source of configuration with the highest priority.</summary>
    private sealed class Changes : ConfigurationProvider, IConfigurationSource
    {
        public static Changes AddTo(ServiceHost host)
        {
            var changes = new Changes();
            ((IConfigurationBuilder)host.Services.GetRequiredService<IConfiguration>()).Add(changes);
            return changes;
        }

        /// <summary>Sets a value, or removes it if it is null.</summary>
        public void Change(string key, string? value)
        {
            if (value is null) Data.Remove(key);
            else Data[key] = value;
            OnReload();
        }

        public IConfigurationProvider Build(IConfigurationBuilder builder) => this;
    }

    private sealed class ErrorLog : ILoggerProvider, ILogger
    {
        public ConcurrentQueue<string> Entries { get; } = new();

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Error;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel)) Entries.Enqueue($"{formatter(state, exception)} {exception}");
        }

        public void Dispose()
        {
        }
    }
}
