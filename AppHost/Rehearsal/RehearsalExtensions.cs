using System.Globalization;
using Microsoft.Extensions.Configuration;
using Topology.AppHost.Commands;
using Topology.AppHost.Running;

namespace Topology.AppHost.Rehearsal;

/// <summary>
/// Runs a published manifest on this machine. Every project listens on its own loopback ports, and other services reach it
/// through a stand-in for the platform's ingress.
/// </summary>
internal static class RehearsalExtensions
{
    private const int MostReplicas = 20;

    /// <exception cref="TopologyException">The manifest or <c>Topology:Replicas</c> is invalid.</exception>
    public static void AddRehearsal(this IDistributedApplicationBuilder builder, string file)
    {
        var manifest = ManifestReader.Read(file);
        var ingress = builder.AddProject<Projects.Ingress>("ingress", launchProfileName: null).WithBuiltProgram()
            .WithCertificates(builder)
            .WithEndpointsInEnvironment(_ => false)
            .WithIconName("GlobeShield")
            .WithHttpEndpoint(name: "health", isProxied: false)
            .WithReadiness("/health", "health");
        ingress.WithEnvironment("Ingress__HealthPort", $"{ingress.GetEndpoint("health").Property(EndpointProperty.TargetPort)}")
            .WithUrlForEndpoint("health", url => url.DisplayLocation = UrlDisplayLocation.DetailsOnly);

        // Dependents come last in a manifest. The loop runs in reverse, so the last exposed project gets the first ports.
        var exposed = 0;
        foreach (var project in manifest.Projects.Reverse())
        {
            foreach (var port in project.Ports)
            {
                ingress.Open(project, port, port.Bindings.Any(binding => binding.IsExternal) ? exposed++ : null);
            }
        }

        var counts = Counts(builder.Configuration, manifest);
        var entrance = 0;
        var started = new List<(string Name, IResourceBuilder<ProjectResource> Replica)>();
        foreach (var project in manifest.Projects)
        {
            var count = counts.GetValueOrDefault(project.Name, 1);
            var replicas = Enumerable.Range(1, count)
                .Select(number => count == 1 ? project.Name : string.Create(CultureInfo.InvariantCulture, $"{project.Name}-{number}"))
                .Select(name => builder.AddReplica(manifest, project, name, ingress))
                .ToList();
            foreach (var port in project.Ports) ingress.Configure($"Ingress__Entrances__{entrance++}__", project, port, replicas);
            var needed = manifest.NeededBy(project);
            foreach (var replica in replicas)
            {
                // Start the referenced projects first, but only those earlier in the file. Otherwise projects in a cycle would never start.
                replica.WaitFor(ingress);
                foreach (var other in started.Where(other => needed.Contains(other.Name))) replica.WaitFor(other.Replica);
            }

            started.AddRange(replicas.Select(replica => (project.Name, replica)));
        }
    }

    private static IResourceBuilder<ProjectResource> AddReplica(
        this IDistributedApplicationBuilder builder, Manifest manifest, ManifestProject project, string name,
        IResourceBuilder<ProjectResource> ingress)
    {
        var replica = builder.AddProject(name, project.Path, launchProfileName: null).WithBuiltProgram()
            .WithEndpointsInEnvironment(_ => false)
            .DisableForwardedHeaders()
            .WithCertificates(builder)
            .WithPromptEnd()
            .WithKillCommand()
            // Use Production as in the cloud, regardless of the AppHost's own environment.
            .WithEnvironment("ASPNETCORE_ENVIRONMENT", "Production")
            .WithEnvironment("DOTNET_ENVIRONMENT", "Production");
        foreach (var port in project.Ports)
        {
            replica.WithEndpoint(scheme: "http", name: port.Name, isProxied: false)
                .WithEndpoint(port.Name, endpoint =>
                    endpoint.Transport = port.Bindings.Any(binding => binding.Transport == "http2") ? "http2" : "http");
        }

        var temporary = Path.Combine(builder.DataFolder() ?? TopologyRun.TemporaryData, name) + Path.DirectorySeparatorChar;
        TopologyRun.MakeFolder(temporary);
        var expressions = new Expressions(manifest, builder.Configuration,
            (target, binding) => ingress.GetEndpoint(target.EntranceName(binding)),
            (target, binding) => replica.GetEndpoint(target.Ports.First(port => port.Bindings.Contains(binding)).Name));
        foreach (var (variable, template) in project.Environment)
        {
            // A container has its own /tmp.
            var own = expressions.Resolve(project, $"env.{variable}", template.Replace("/tmp/", temporary, StringComparison.Ordinal));
            // Aspire ignores an empty expression, so an empty string is set instead.
            if (own.Format.Length == 0) replica.WithEnvironment(variable, "");
            else replica.WithEnvironment(variable, own);
        }

        foreach (var (index, argument) in project.Arguments.Index())
        {
            var resolved = expressions.Resolve(project, $"args[{index}]", argument);
            replica.WithArgs(context => context.Args.Add(resolved));
        }

        foreach (var (listener, _, _) in project.Listeners.Where(listener => listener.IsHidden))
        {
            replica.WithHttpEndpoint(name: listener, isProxied: false)
                .WithUrlForEndpoint(listener, url => url.DisplayLocation = UrlDisplayLocation.DetailsOnly)
                .WithEnvironment(
                    ManifestProject.ListenerVariable(listener), $"{replica.GetEndpoint(listener).Property(EndpointProperty.TargetPort)}");
        }

        replica.OnLoopback(project).WithEnvironment(StateFile.Variable, StateFile.PathOf(builder.Configuration));
        if (project.ManagementEndpoint is { } management) replica.WithReadiness("/health", management);
        return replica.WithAnnotation(new ReachedThroughAnnotation(
            project.Bindings.ToDictionary(binding => binding.Name, binding => ingress.GetEndpoint(project.EntranceName(binding))),
            project.Listeners.ToDictionary(listener => listener.Name, listener => replica.GetEndpoint(listener.Endpoint))));
    }

    /// <summary>
    /// Makes the replica listen on loopback only. A container listens on all its addresses, which would expose the service on this
    /// machine's network.
    /// </summary>
    private static IResourceBuilder<ProjectResource> OnLoopback(this IResourceBuilder<ProjectResource> replica, ManifestProject project) =>
        replica.WithEnvironment(context =>
    {
        if (project.ManagementEndpoint is not null) context.EnvironmentVariables["Topology__ListenAddress"] = "localhost";
        else if (project.Ports is [var port, ..]) context.EnvironmentVariables["ASPNETCORE_URLS"] = replica.GetEndpoint(port.Name);
        context.EnvironmentVariables.Remove("HTTP_PORTS");
        context.EnvironmentVariables.Remove("HTTPS_PORTS");
        // The ingress certificate comes from the local authority, which services in Production do not trust by default.
        if (project.Environment.Values.Any(template => template.Contains(".bindings.https.url}", StringComparison.Ordinal)))
        {
            context.EnvironmentVariables["Topology__Certificates__AllowLocalAuthority"] = "true";
        }
    });

    /// <summary><c>Topology:Replicas:NAME=COUNT</c>.</summary>
    private static Dictionary<string, int> Counts(ConfigurationManager configuration, Manifest manifest)
    {
        var counts = new Dictionary<string, int>();
        foreach (var entry in configuration.GetSection("Topology:Replicas").GetChildren())
        {
            var names = manifest.Projects.Select(project => project.Name).ToList();
            if (!names.Contains(entry.Key))
            {
                throw new TopologyException($"{entry.Path}: the manifest has no such project; it has {string.Join(", ", names)}.");
            }
            if (!int.TryParse(entry.Value, NumberStyles.None, CultureInfo.InvariantCulture, out var count)
                || count is < 1 or > MostReplicas)
            {
                throw new TopologyException($"{entry.Path} is \"{entry.Value}\"; give a number from 1 to {MostReplicas}.");
            }

            if (Enumerable.Range(1, count).Select(number => $"{entry.Key}-{number}").FirstOrDefault(names.Contains) is { } taken
                && count > 1)
            {
                throw new TopologyException($"{entry.Path}: a replica would be called {taken}, which is another project's name.");
            }

            counts[entry.Key] = count;
        }

        return counts;
    }
}
