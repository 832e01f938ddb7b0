using System.ComponentModel;
using System.Diagnostics;
using System.Security.Cryptography;
using Topology.AppHost.Running;

namespace Topology.AppHost.Database;

/// <summary>
/// The PostgreSQL server of <c>orders</c> in the lab: an installed one, run by the script beside this file, on data of this
/// topology's own.
/// </summary>
internal sealed class OrdersDatabaseResource(string name, string folder)
    : ExecutableResource(name, "sh", folder), IResourceWithConnectionString
{
    public const string Endpoint = "tcp";
    private const int PasswordLength = 32;

    /// <summary>New for each run.</summary>
    public string Password { get; } = RandomNumberGenerator.GetHexString(PasswordLength, lowercase: true);

    public EndpointReferenceExpression Port => new EndpointReference(this, Endpoint).Property(EndpointProperty.TargetPort);

    // The server allows 100 connections; each of the two replicas may take fewer than half.
    public ReferenceExpression ConnectionStringExpression => ReferenceExpression.Create(
        $"Host=localhost;Port={Port};Database=orders;Username=orders;Password={Password};Maximum Pool Size=40");
}

internal static class OrdersDatabaseExtensions
{
    private const string Setting = "Topology:Orders";
    private const string Script = "Database/run";

    /// <summary>Adds the server with <c>Topology:Orders=postgres</c>. Otherwise returns null: <c>orders</c> has a SQLite file.</summary>
    /// <exception cref="TopologyException">The setting is unknown, or no server can run here.</exception>
    public static IResourceBuilder<OrdersDatabaseResource>? AddOrdersDatabase(
        this IDistributedApplicationBuilder builder, string name, int port)
    {
        switch (builder.Configuration[Setting])
        {
            case null or "" or "sqlite": return null;
            case "postgres": break;
            case var other: throw new TopologyException($"{Setting} is \"{other}\"; set sqlite or postgres.");
        }

        Check(builder.AppHostDirectory);
        var data = builder.DataFolder() ?? Path.Combine(
            Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.DoNotVerify),
            "topology");
        TopologyRun.MakeFolder(data);
        var server = new OrdersDatabaseResource(name, builder.AppHostDirectory);
        return builder.AddResource(server)
            .WithArgs(Script, Path.Combine(data, "postgres"))
            .WithEndpoint(
                port: builder.UsesDynamicPorts() ? null : port, scheme: OrdersDatabaseResource.Endpoint,
                name: OrdersDatabaseResource.Endpoint, isProxied: false)
            .WithEnvironment("POSTGRES_PORT", $"{server.Port}")
            .WithEnvironment("POSTGRES_PASSWORD", server.Password)
            .WithIconName("Database");
    }

    private static void Check(string folder)
    {
        const string Advice = $"Or leave out --{Setting}=postgres.";
        try
        {
            using var check = Process.Start(
                new ProcessStartInfo("sh", [Script, "check"]) { WorkingDirectory = folder, RedirectStandardError = true })!;
            var problem = check.StandardError.ReadToEnd().TrimEnd();
            check.WaitForExit();
            if (check.ExitCode != 0) throw new TopologyException($"{problem}. {Advice}");
        }
        catch (Win32Exception e)
        {
            throw new TopologyException($"{Script} needs a Unix shell ({e.Message}). {Advice}", e);
        }
    }
}
