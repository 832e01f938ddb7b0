using System.Reflection;

namespace Topology.AppHost.Running;

/// <summary>How projects run on this machine.</summary>
internal static class BuiltPrograms
{
    /// <summary>
    /// Starts the program that was built with the AppHost. <c>dotnet run</c> would be a second process for each service; it is used
    /// for projects of somebody else, which were not built with the AppHost.
    /// </summary>
    public static IResourceBuilder<ProjectResource> WithBuiltProgram(this IResourceBuilder<ProjectResource> project)
    {
        if (!project.ApplicationBuilder.ExecutionContext.IsRunMode) return project;
        var file = project.Resource.GetProjectMetadata().ProjectPath;
        var program = Find(Path.GetFileNameWithoutExtension(file));
        if (!File.Exists(program)) return project;
        // What OpenSSL offers for TLS is said in a file beside the program, as in the containers.
        var tls = Path.Combine(Path.GetDirectoryName(program)!, "openssl.cnf");
        if (OperatingSystem.IsLinux() && File.Exists(tls)) project.WithEnvironment("OPENSSL_CONF", tls);
        return project.WithAnnotation(new ExecutableAnnotation { Command = program, WorkingDirectory = Path.GetDirectoryName(file)! });
    }

    /// <summary>The dashboard ends before the services do. A service that ends must not wait long for telemetry to arrive there.</summary>
    public static IResourceBuilder<ProjectResource> WithPromptEnd(this IResourceBuilder<ProjectResource> project) => project
        .WithEnvironment("OTEL_EXPORTER_OTLP_TIMEOUT", "1000")
        .WithEnvironment("OTEL_DOTNET_EXPERIMENTAL_OTLP_RETRY", "");

    /// <summary>Projects are built side by side, each in a folder of its own, in the AppHost's configuration.</summary>
    private static string Find(string project)
    {
        var configuration =
            typeof(BuiltPrograms).Assembly.GetCustomAttribute<AssemblyConfigurationAttribute>()!.Configuration.ToLowerInvariant();
        var name = OperatingSystem.IsWindows() ? $"Topology.{project}.exe" : $"Topology.{project}";
        return Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "..", "..", project, configuration, name));
    }
}
