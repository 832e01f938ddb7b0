using System.Security.Cryptography.X509Certificates;
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

/// <summary>A server that replaces a backend or a proxy, with the response a test needs.</summary>
internal sealed class TestServer(WebApplication app) : IAsyncDisposable
{
    public Uri Url { get; } = new(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());

    /// <param name="answer">Answers every request.</param>
    /// <param name="certificate">Serves HTTPS, with HTTP/1.1 and HTTP/2; null serves HTTP.</param>
    public static async Task<TestServer> StartAsync(RequestDelegate answer, X509Certificate2? certificate = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelCore().UseUrls($"{(certificate is null ? "http" : "https")}://127.0.0.1:0");
        builder.WebHost.UseKestrelHttpsConfiguration();
        if (certificate is not null)
        {
            builder.WebHost.ConfigureKestrel(options => options.ConfigureHttpsDefaults(https => https.ServerCertificate = certificate));
        }
        var app = builder.Build();
        app.Run(answer);
        await app.StartAsync(TestContext.Current.CancellationToken);
        return new(app);
    }

    /// <summary>Responds immediately with the path.</summary>
    public static Task<TestServer> EchoAsync() => StartAsync(context => WriteAsync(context, context.Request.Path));

    /// <summary>Responds with the path after a delay.</summary>
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

/// <summary>Runs comparisons over a test's servers.</summary>
internal static class Comparing
{
    public static TargetMap Targets(params (string Name, string Endpoint, Uri Url)[] services) => new(new ConfigurationBuilder()
        .AddInMemoryCollection(
            services.Index()
            .Select(entry =>
            KeyValuePair.Create($"services:{entry.Item.Name}:{entry.Item.Endpoint}:{entry.Index}", (string?)entry.Item.Url.ToString())))
        .Build());

    public static PublicTrust Trust { get; } = new(new ConfigurationBuilder()
        .AddInMemoryCollection([KeyValuePair.Create("Topology:Certificates:Directory", (string?)ServiceHost.CertificateDirectory)])
        .Build());

    /// <summary>An engine that assumes Release builds, whatever the tests' configuration.</summary>
    public static ComparisonEngine Engine(TargetMap targets, string services = "Release", string own = "Release") => new(targets, Trust)
    {
        WarmUpSlice = TimeSpan.FromMilliseconds(20),
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
