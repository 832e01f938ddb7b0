using System.Security.Cryptography;

namespace Topology.AppHost.Running;

/// <summary>
/// The secret with which services accept each other's trace contexts but not those of untrusted clients. Each local run has its
/// own. In the cloud it is a parameter, generated at the first deployment.
/// </summary>
internal static class TraceKeys
{
    public const string Setting = "Topology:TraceKey";
    private const string Parameter = "traceKey";
    private const int Length = 32;

    /// <summary>Creates this run's key. A rehearsed manifest uses it too.</summary>
    public static void MakeTraceKey(this IDistributedApplicationBuilder builder)
    {
        if (builder.Configuration[Setting] is null or "")
        {
            builder.Configuration[Setting] = RandomNumberGenerator.GetHexString(Length, lowercase: true);
        }
        builder.Configuration[$"Parameters:{Parameter}"] ??= builder.Configuration[Setting];
    }

    public static IResourceBuilder<ProjectResource> WithTraceKey(
        this IResourceBuilder<ProjectResource> project, IDistributedApplicationBuilder builder) =>
        builder.ExecutionContext.IsRunMode
            ? project.WithEnvironment("Topology__TraceKey", builder.Configuration[Setting])
            : project.WithEnvironment("Topology__TraceKey", Declared(builder));

    private static IResourceBuilder<ParameterResource> Declared(IDistributedApplicationBuilder builder) =>
        builder.Resources.OfType<ParameterResource>().FirstOrDefault(parameter => parameter.Name == Parameter) is { } declared
            ? builder.CreateResourceBuilder(declared)
            : builder.AddParameter(Parameter, new GenerateParameterDefault { MinLength = Length, Special = false }, secret: true);
}
