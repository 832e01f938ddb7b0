using System.Security.Cryptography;

namespace Topology.AppHost.Running;

/// <summary>
/// The secret with which services follow each other's trace contexts, and a stranger's not. On this machine every run has its
/// own; in the cloud it is a parameter whose value is made at the first deployment.
/// </summary>
internal static class TraceKeys
{
    public const string Setting = "Topology:TraceKey";
    private const string Parameter = "traceKey";
    private const int Length = 32;

    /// <summary>Makes this run's key, which a manifest that is rehearsed uses as well.</summary>
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
