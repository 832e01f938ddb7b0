using Topology.AppHost.Running;

namespace Topology.AppHost.Lab;

/// <summary>The proxies in Edge/Proxies. Each must be installed on this machine.</summary>
internal static class ProxyExtensions
{
    private const string Setting = "Topology:Start";
    private const string All = "all";

    /// <summary>
    /// Adds a proxy that starts on request: from the dashboard, or with <c>Topology:Start</c> (<c>all</c> selects every
    /// installed proxy). Its name is also its path tag.
    /// </summary>
    /// <param name="firstPort">The cleartext port; TLS uses the next one.</param>
    /// <param name="programs">Possible names of the executable.</param>
    /// <param name="package">The Debian package.</param>
    /// <exception cref="TopologyException">The proxy was requested but is not installed.</exception>
    public static IResourceBuilder<ExecutableResource> AddProxy(
        this IDistributedApplicationBuilder builder, string name, int firstPort, string[] programs, string package)
    {
        var proxy = builder.AddExecutable(name, "sh", "../Edge/Proxies", "run", name).WithCertificates(builder).WithIconName("Shield");
        var isInstalled = programs.Any(IsInstalled);
        var started = Named(builder);
        if (started.Contains(name) && !isInstalled)
        {
            throw new TopologyException($"{name} is not installed; on Debian: apt-get install {package}. Or leave it out of {Setting}.");
        }
        if (!started.Contains(name) && !(started.Contains(All) && isInstalled)) proxy.WithExplicitStart();
        foreach (var listener in Listeners.Public)
        {
            proxy
                .WithEndpoint(port: builder.Port(firstPort, listener), scheme: listener, name: listener, isProxied: false, isExternal: true)
                .WithEndpoint(listener, endpoint => endpoint.Transport = "http")
                .WithEnvironment(
                    $"{listener.ToUpperInvariant()}_PORT", $"{proxy.GetEndpoint(listener).Property(EndpointProperty.TargetPort)}");
        }

        return proxy.WithNamedUrls(name).WithReadiness("/live/whoami", "http");
    }

    /// <summary>Passes the ports of the backends' internal cleartext listeners: HTTP/1.1 and HTTP/2.</summary>
    public static IResourceBuilder<ExecutableResource> WithBackends(
        this IResourceBuilder<ExecutableResource> proxy, params IResourceBuilder<ProjectResource>[] backends)
    {
        foreach (var backend in backends)
        {
            var name = backend.Resource.Name.ToUpperInvariant().Replace('-', '_');
            proxy
                .WithEnvironment($"{name}_PORT", $"{backend.GetEndpoint(Listeners.Management).Property(EndpointProperty.TargetPort)}")
                .WithEnvironment($"{name}_H2_PORT", $"{backend.GetEndpoint("internal-h2").Property(EndpointProperty.TargetPort)}");
        }

        return proxy;
    }

    /// <summary>Rejects unknown names in <c>Topology:Start</c>.</summary>
    /// <exception cref="TopologyException">A name is unknown.</exception>
    public static void CheckStart(this IDistributedApplicationBuilder builder, params IResourceBuilder<ExecutableResource>[] proxies)
    {
        var known = proxies.Select(proxy => proxy.Resource.Name).ToList();
        if (Named(builder).FirstOrDefault(name => name != All && !known.Contains(name)) is { } unknown)
        {
            throw new TopologyException($"{Setting} names \"{unknown}\"; use some of {string.Join(", ", known)}, or {All}.");
        }
    }

    private static string[] Named(IDistributedApplicationBuilder builder) =>
        (builder.Configuration[Setting] ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    /// <summary>Searches PATH and the folders where Debian installs servers.</summary>
    private static bool IsInstalled(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .Concat(["/usr/local/sbin", "/usr/sbin", "/sbin"])
            .Any(folder => File.Exists(Path.Combine(folder, program)));
}
