using System.Collections.Frozen;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Options;
using Topology.Hardening.Listeners;

namespace Topology.ServiceDefaults.Paths;

/// <summary>The path of a service's requests.</summary>
public sealed record PathFeature
{
    // Shared objects avoid a new one per request.
    private static readonly FrozenDictionary<string, PathFeature> Known =
        TopologyPath.All.ToFrozenDictionary(path => path, path => new PathFeature(path), StringComparer.Ordinal);

    private static readonly PathFeature None = new((string?)null);

    private PathFeature(string? path) => Path = path;

    /// <summary>One of <see cref="TopologyPath.All"/>, or null.</summary>
    public string? Path { get; }

    internal static PathFeature For(string? path) => path is null ? None : Known[path];
}

/// <summary>Sets the workload name of an endpoint: the value of the tag <c>topology.workload</c>.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class WorkloadAttribute(string name) : Attribute
{
    /// <summary>The workload's name.</summary>
    public string Name { get; } = name;
}

/// <summary>Sets the workload of endpoints and reads a request's path.</summary>
public static class PathExtensions
{
    /// <summary>Sets the endpoint's workload.</summary>
    public static TBuilder WithWorkload<TBuilder>(this TBuilder builder, string name) where TBuilder : IEndpointConventionBuilder =>
        builder.WithMetadata(new WorkloadAttribute(name));

    /// <summary>The request's path, or null if an internal caller did not send one.</summary>
    public static string? GetTopologyPath(this HttpContext context) => context.Features.Get<PathFeature>()?.Path;
}

/// <summary>
/// Tags the server span and <c>http.server.request.duration</c> with the path. On a public listener, the tag is the service's own path, and
/// the path header is always removed. On an internal listener, the tag comes from the path header, which names the edge. Only known names
/// are accepted, so that clients cannot add metric values.
/// </summary>
internal sealed class PathTagging(RequestDelegate next, IOptions<TopologyOptions> options)
{
    private readonly string? _own = TopologyPath.Parse(options.Value.Path);

    public Task InvokeAsync(HttpContext context)
    {
        var path = _own;
        if (context.GetListener().IsPublic) context.Request.Headers.Remove(TopologyPath.Header);
        else path = TopologyPath.Parse(context.Request.Headers[TopologyPath.Header]);

        context.Features.Set(PathFeature.For(path));
        Tag(context, TopologyPath.Tag, path);
        return next(context);
    }

    /// <summary>
    /// Adds the workload as soon as routing has selected the endpoint. Later spans then inherit it, and it is kept if the request fails.
    /// </summary>
    public static Task TagWorkload(HttpContext context, RequestDelegate next)
    {
        Tag(context, TopologyPath.WorkloadTag, context.GetEndpoint()?.Metadata.GetMetadata<WorkloadAttribute>()?.Name);
        return next(context);
    }

    private static void Tag(HttpContext context, string name, string? value)
    {
        if (value is null) return;
        // Without a listener, the activity only carries the trace id, and nobody would read the tag.
        var activity = context.Features.Get<IHttpActivityFeature>()?.Activity;
        if (activity is { IsAllDataRequested: true } && activity.Source.HasListeners()) activity.SetTag(name, value);
        if (context.Features.Get<IHttpMetricsTagsFeature>() is { MetricsDisabled: false } metrics)
        {
            metrics.Tags.Add(new(name, value));
        }
    }
}

/// <summary>Adds <see cref="PathTagging"/> before the service's own pipeline.</summary>
internal sealed class PathTaggingFilter : IStartupFilter
{
    public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
    {
        app.UseMiddleware<PathTagging>();
        next(app);
    };
}

/// <summary>Sends the current request's path to the next service's internal listener.</summary>
public sealed class PathPropagationHandler(IHttpContextAccessor accessor) : DelegatingHandler
{
    /// <inheritdoc />
    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (accessor.HttpContext?.GetTopologyPath() is { } path)
        {
            request.Headers.TryAddWithoutValidation(TopologyPath.Header, path);
        }

        return base.SendAsync(request, cancellationToken);
    }
}
