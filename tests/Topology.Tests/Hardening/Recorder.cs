using System.Collections.Concurrent;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Topology.Hardening;
using Topology.Hardening.Limits;
using Topology.Hardening.Listeners;
using Topology.Hardening.Upgrades;
using Topology.ServiceDefaults.Paths;
using Topology.Tests.Infrastructure;

namespace Topology.Tests.Hardening;

/// <summary>A request as seen by a backend.</summary>
public sealed record RecordedRequest(
    string Method, string Target, string Path, IReadOnlyDictionary<string, string> Headers, string Body, bool IsWhole, string Listener);

/// <summary>
/// A backend with the service defaults and every listener of the topology. It records every request and answers 200. Behind an edge it
/// shows what was forwarded; its own public listeners are edge-direct.
/// </summary>
public sealed partial class Recorder : IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, ConcurrentQueue<RecordedRequest>> _requests = new();
    private readonly WebApplication _app;
    private readonly Dictionary<string, Uri> _urls;

    private Recorder(WebApplication app, Dictionary<string, Uri> urls) => (_app, _urls) = (app, urls);

    /// <summary>Runs for each request after it is recorded and before the response.</summary>
    public Func<HttpContext, Task>? Answer { get; set; }

    public IServiceProvider Services => _app.Services;

    public static Task<Recorder> StartAsync(params IEnumerable<(string Key, string Value)> settings) =>
        StartAsync(Environments.Development, settings);

    public static async Task<Recorder> StartAsync(string environment, IEnumerable<(string Key, string Value)> settings)
    {
        var ports = FreePorts.Take(Listener.All.Count);
        var builder = WebApplication.CreateBuilder(
            new WebApplicationOptions
            {
                EnvironmentName = environment,
                ApplicationName = "Topology.Catalog",
                ContentRootPath = ServiceHost.CertificateDirectory
            });
        builder.Logging.ClearProviders();
        builder.Configuration.AddInMemoryCollection(
        [
            .. Listener.All.Zip(
                ports, (listener, port) => KeyValuePair.Create<string, string?>($"Topology:Listeners:{listener.Name}", $"{port}")),
            new("Topology:Certificates:Directory", ServiceHost.CertificateDirectory),
            new("Topology:Certificates:AllowLocalAuthority", "true"),
            new("Topology:Certificates:AllowedClients:0", "edge;orders;nginx;apache;haproxy"),
        ]);
        builder.Configuration.AddInMemoryCollection(
            settings.Select(setting => KeyValuePair.Create<string, string?>(setting.Key, setting.Value)));
        builder.AddHardening();
        builder.AddServiceDefaults();
        var app = builder.Build();
        app.UseWebSockets();
        app.UseServiceDefaults();
        app.UseHardening();
        app.MapDefaultEndpoints();
        var recorder = new Recorder(app, Listener.All.Zip(ports).ToDictionary(
            pair => pair.First.Name, pair => new Uri($"{(pair.First.IsTls ? "https" : "http")}://localhost:{pair.Second}")));
        app.Map("/catalog/{**rest}", recorder.RecordAsync);
        app.Map("/orders/{**rest}", recorder.RecordAsync).WithWorkload("orders").WithLimits(
            new() { BodyBytes = 64 * 1024, Timeout = TimeSpan.FromSeconds(15) });
        app.Map("/orders/second", recorder.RecordAsync).WithLimits(new() { Timeout = TimeSpan.FromSeconds(1) });
        app.Map("/orders/half", recorder.RecordAsync).WithRequestTimeout(TimeSpan.FromSeconds(0.5));
        app.Map("/orders/untimed", recorder.RecordAsync).DisableRequestTimeout();
        app.Map("/media/{**rest}", recorder.RecordAsync).WithWorkload("media-upload").WithLimits(
            new() { Kind = RouteKind.Stream, BodyBytes = 1L << 30 });
        app.Map("/live/socket", recorder.RecordAsync).WithWorkload("socket").WithLimits(
            new() { Kind = RouteKind.Messages }).SpeaksWebSocket();
        app.Map("/live/{**rest}", recorder.RecordAsync).WithWorkload("events").WithLimits(new() { Kind = RouteKind.Stream, BodyBytes = 0 });
        app.Map("/{**rest}", recorder.RecordAsync);
        await app.StartAsync();
        return recorder;
    }

    public Uri Url(string listener) => _urls[listener];

    public HttpClient Client(string listener = "http") => new(ServiceHost.Handler()) { BaseAddress = Url(listener) };

    /// <summary>The requests with this ID, 32 hexadecimal digits, in the target or the body.</summary>
    public IReadOnlyList<RecordedRequest> Seen(string id) => _requests.TryGetValue(id, out var requests) ? [.. requests] : [];

    /// <summary>Settings that make an edge use this backend for every service.</summary>
    public IEnumerable<(string, string)> AsEveryService() =>
        from service in (string[])["catalog", "orders", "media", "live"]
        from listener in Listener.All.Where(listener => !listener.IsPublic)
        select ($"services:{service}:{listener.Name}:0", Url(listener.Name).GetLeftPart(UriPartial.Authority));

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private async Task RecordAsync(HttpContext context)
    {
        if (Answer is { } answer)
        {
            await answer(context);
            if (context.Response.HasStarted) return;
        }

        var body = "";
        var isWhole = false;
        try
        {
            using var reader = new StreamReader(context.Request.Body, Encoding.Latin1);
            body = await reader.ReadToEndAsync();
            isWhole = true;
        }
        finally
        {
            var target = context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
            var id = Id().Match(target) is { Success: true } match ? match : Id().Match(body);
            _requests.GetOrAdd(id.Value, _ => new()).Enqueue(new(
                context.Request.Method,
                target,
                context.Request.Path.Value ?? "",
                context.Request.Headers.ToDictionary(
                    header => header.Key, header => header.Value.ToString(), StringComparer.OrdinalIgnoreCase),
                body,
                isWhole,
                context.GetListener().Name));
        }

        context.Response.Headers["X-Seen"] = context.Request.QueryString.Value;
        var text = Encoding.UTF8.GetBytes($"{context.Request.Method} {context.Request.Path} {body.Length}");
        context.Response.ContentLength = text.Length;
        if (!HttpMethods.IsHead(context.Request.Method)) await context.Response.Body.WriteAsync(text);
    }

    [GeneratedRegex("[0-9a-f]{32}")]
    private static partial Regex Id();
}
