using System.Reflection;

namespace Topology.AppHost.Running;

/// <summary>Configures how projects run on this machine.</summary>
internal static class BuiltPrograms
{
    /// <summary>
    /// Starts the executable that was built with the AppHost. This avoids an extra <c>dotnet run</c> process per service.
    /// Projects that were not built with the AppHost still use <c>dotnet run</c>.
    /// </summary>
    public static IResourceBuilder<ProjectResource> WithBuiltProgram(this IResourceBuilder<ProjectResource> project)
    {
        if (!project.ApplicationBuilder.ExecutionContext.IsRunMode) return project;
        var file = project.Resource.GetProjectMetadata().ProjectPath;
        var program = Find(Path.GetFileNameWithoutExtension(file));
        if (!File.Exists(program)) return project;
        // As in the containers, a file next to the program configures OpenSSL's TLS settings.
        var tls = Path.Combine(Path.GetDirectoryName(program)!, "openssl.cnf");
        if (OperatingSystem.IsLinux() && File.Exists(tls)) project.WithEnvironment("OPENSSL_CONF", tls);
        return project.WithAnnotation(new ExecutableAnnotation { Command = program, WorkingDirectory = Path.GetDirectoryName(file)! });
    }

    /// <summary>
    /// Limits how long a stopping service waits to send telemetry. The dashboard, which receives it, stops before the services.
    /// </summary>
    public static IResourceBuilder<ProjectResource> WithPromptEnd(this IResourceBuilder<ProjectResource> project) => project
        .WithEnvironment("OTEL_EXPORTER_OTLP_TIMEOUT", "1000")
        .WithEnvironment("OTEL_DOTNET_EXPERIMENTAL_OTLP_RETRY", "");

    /// <summary>Each project builds into its own folder, in the AppHost's build configuration.</summary>
    private static string Find(string project)
    {
        var configuration =
            typeof(BuiltPrograms).Assembly.GetCustomAttribute<AssemblyConfigurationAttribute>()!.Configuration.ToLowerInvariant();
        var name = OperatingSystem.IsWindows() ? $"Topology.{project}.exe" : $"Topology.{project}";
        return Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "..", "..", project, configuration, name));
    }
}
