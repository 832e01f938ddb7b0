using Topology.AppHost.Running;

namespace Topology.AppHost.Rehearsal;

/// <summary>The listeners of the local ingress stand-in, and their destinations.</summary>
internal static class Entrances
{
    // These ports need no privileges. Further exposed resources get the ports that follow.
    private const int FirstCleartextPort = 8080;
    private const int FirstTlsPort = 8443;

    /// <summary>The name of the ingress's endpoint for a binding.</summary>
    public static string EntranceName(this ManifestProject project, ManifestBinding binding)
    {
        var port = project.Ports.First(candidate => candidate.Bindings.Contains(binding));
        return $"{project.Name}-{(!port.IsMain ? port.Name : binding.Scheme)}";
    }

    /// <summary>Opens the ingress listeners for one port of a project.</summary>
    /// <param name="exposed">Position among the public ports; null if the port is internal.</param>
    public static void Open(this IResourceBuilder<ProjectResource> ingress, ManifestProject project, ManifestPort port, int? exposed)
    {
        foreach (var scheme in HasTls(port) ? (string[])["http", "https"] : ["http"])
        {
            var first = scheme == "https" ? FirstTlsPort : FirstCleartextPort;
            ingress.WithEndpoint(
                port: ingress.ApplicationBuilder.UsesDynamicPorts() || exposed is null ? null : first + exposed, scheme: scheme,
                name: $"{project.Name}-{(port.IsMain ? scheme : port.Name)}", isProxied: false, isExternal: exposed is not null);
        }

        if (exposed is { } order)
        {
            ingress.WithAnnotation(new OpenFirstAnnotation(order, project.Name, ingress.GetEndpoint($"{project.Name}-https"), ""));
        }
    }

    private static bool HasTls(ManifestPort port) =>
        port.IsMain && port.Bindings.Any(binding => binding.IsExternal || binding.Scheme == "https");

    /// <summary>Configures one entrance of the ingress.</summary>
    public static void Configure(
        this IResourceBuilder<ProjectResource> ingress, string prefix, ManifestProject project, ManifestPort port,
        IReadOnlyList<IResourceBuilder<ProjectResource>> replicas)
    {
        var isHttp2 = port.Bindings.Any(binding => binding.Transport == "http2");
        ingress
            .WithEnvironment(
                $"{prefix}Cleartext",
                $"{ingress.GetEndpoint($"{project.Name}-{(port.IsMain ? "http" : port.Name)}").Property(EndpointProperty.TargetPort)}")
            .WithEnvironment($"{prefix}Http2", isHttp2 ? "true" : "false")
            .WithEnvironment($"{prefix}IsTcp", port.IsMain ? "false" : "true")
            // azd's rule for external bindings; it is not in the manifest.
            .WithEnvironment($"{prefix}RedirectsToTls", port.Bindings.Any(binding => binding.IsExternal) && !isHttp2 ? "true" : "false");
        if (HasTls(port))
        {
            ingress.WithEnvironment(
                $"{prefix}Tls", $"{ingress.GetEndpoint($"{project.Name}-https").Property(EndpointProperty.TargetPort)}");
        }
        foreach (var (index, replica) in replicas.Index())
        {
            ingress.WithEnvironment($"{prefix}Targets__{index}", replica.GetEndpoint(port.Name));
        }
    }
}
