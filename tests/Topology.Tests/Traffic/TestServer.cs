using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Topology.Comparison;
using Topology.Comparison.Targets;
using Topology.Tests.Infrastructure;

namespace Topology.Tests.Traffic;

/// <summary>A server that answers as a test wants, in place of a backend or a proxy.</summary>
internal sealed class TestServer(WebApplication app) : IAsyncDisposable
{
    public Uri Url { get; } = new(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());

    public static async Task<TestServer> StartAsync(RequestDelegate answer)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        app.Run(answer);
        await app.StartAsync(TestContext.Current.CancellationToken);
        return new(app);
    }

    /// <summary>Answers at once with the path.</summary>
    public static Task<TestServer> EchoAsync() => StartAsync(context => WriteAsync(context, context.Request.Path));

    /// <summary>Answers with the path after a while.</summary>
    public static Task<TestServer> SlowAsync(TimeSpan delay) => StartAsync(async context =>
    {
        await Task.Delay(delay);
        await WriteAsync(context, context.Request.Path);
    });

    public static async Task WriteAsync(HttpContext context, string text)
    {
        context.Response.ContentLength = text.Length;
        await context.Response.WriteAsync(text);
    }

    public ValueTask DisposeAsync() => app.DisposeAsync();
}

/// <summary>Comparisons over servers of a test.</summary>
internal static class Comparing
{
    public static TargetMap Targets(params (string Name, string Endpoint, Uri Url)[] services) => new(new ConfigurationBuilder()
        .AddInMemoryCollection(
            services.Index()
            .Select(entry =>
            KeyValuePair.Create($"services:{entry.Item.Name}:{entry.Item.Endpoint}:{entry.Index}", (string?)entry.Item.Url.ToString())))
        .Build());

    public static PublicTrust Trust { get; } = new(new ConfigurationBuilder()
        .AddInMemoryCollection([KeyValuePair.Create("Topology:Certificates:Directory", (string?)ServiceHost.CertificateDirectory)]).Build(
            ));

    /// <summary>As if all was built in Release, whatever the tests are built in.</summary>
    public static ComparisonEngine Engine(TargetMap targets, string services = "Release", string own = "Release") => new(targets, Trust)
    {
        WarmUpFlood = TimeSpan.FromMilliseconds(100),
        WarmUp = TimeSpan.FromMilliseconds(100),
        ServicesConfiguration = services,
        OwnConfiguration = own,
    };

    public static Task<ComparisonResult> RunAsync(TargetMap targets, ComparisonOptions options)
    {
        Assert.Null(options.Validate(targets));
        return Engine(targets).RunAsync(options, null, TestContext.Current.CancellationToken);
    }
}
