using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;

namespace Topology.Hardening.Certificates;

/// <summary>The two local authorities.</summary>
public static class LocalAuthorities
{
    /// <summary>The authority of the internal network.</summary>
    public const string Internal = "internal";

    /// <summary>The stand-in for the public authority that browsers trust.</summary>
    public const string Public = "public";

    /// <summary>The names on every public certificate of the lab.</summary>
    public static IReadOnlyList<string> PublicNames { get; } = ["localhost", "*.localhost", "127.0.0.1", "::1"];

    /// <summary>The path where an edge serves the public authority's revocation list.</summary>
    public const string RevocationListPath = "/certificates/public.crl";

    /// <summary>The folder of both authorities: the configured one, or one in the user's application data.</summary>
    public static string Root(string? configured) => configured is { Length: > 0 }
        ? Path.GetFullPath(configured)
        : Path.Combine(
            Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.Create), "topology",
                "certificates");

    /// <summary>Whether local authorities may issue certificates and be trusted: in Development, or if enabled.</summary>
    public static bool AreAllowed(CertificateOptions options, IHostEnvironment environment)
    {
        ArgumentNullException.ThrowIfNull(options);
        return environment.IsDevelopment() || options.AllowLocalAuthority;
    }

    /// <summary>Opens one of the two authorities as configured.</summary>
    /// <param name="options">The folder of the authorities, and the URL where clients find the list of revoked public certificates.</param>
    /// <param name="name"><see cref="Internal"/> or <see cref="Public"/>.</param>
    /// <param name="time">The clock.</param>
    public static LocalAuthority Open(CertificateOptions options, string name, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(options);
        return new(Root(options.Directory), name, time) { RevocationListUrl = name == Public ? options.RevocationListUrl : null };
    }

    internal static void AddCertificates(this IServiceCollection services, IConfiguration configuration, IHostEnvironment environment)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.AddOptions<CertificateOptions>().Bind(configuration.GetSection(CertificateOptions.Section));
        services.TryAddSingleton(ServiceIdentity.Of(environment, configuration));
        services.AddSingleton<ServerCertificates>();
    }
}
