using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Topology.ServiceDefaults.Certificates;

/// <summary>The two local authorities.</summary>
public static class LocalAuthorities
{
    /// <summary>The authority of the inside.</summary>
    public const string Internal = "internal";

    /// <summary>The stand-in for the public authority that browsers trust.</summary>
    public const string Public = "public";

    /// <summary>What every public certificate of the lab is valid for.</summary>
    public static IReadOnlyList<string> PublicNames { get; } = ["localhost", "*.localhost", "127.0.0.1", "::1"];

    /// <summary>The path at which an edge serves the public authority's list of revoked certificates.</summary>
    public const string RevocationListPath = "/certificates/public.crl";

    /// <summary>
    /// Where every public certificate says that the list is: at the lab's edge, in cleartext (RFC 5280 section 4.2.1.13).
    /// Some clients, such as curl on Windows, take no certificate without it.
    /// </summary>
    public const string PublicRevocationList = "http://localhost:5200" + RevocationListPath;

    /// <summary>The folder of both: the configured one, or one in the user's application data.</summary>
    public static string Root(string? configured) => configured is { Length: > 0 }
        ? Path.GetFullPath(configured)
        : Path.Combine(
            Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.Create), "topology", "certificates");

    /// <summary>Whether local authorities may issue certificates here, and be trusted: in Development, and where it is switched on.</summary>
    public static bool AreAllowed(CertificateOptions options, IHostEnvironment environment)
    {
        ArgumentNullException.ThrowIfNull(options);
        return environment.IsDevelopment() || options.AllowLocalAuthority;
    }

    internal static void AddCertificates(this IServiceCollection services, IConfiguration configuration)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.AddOptions<CertificateOptions>().Bind(configuration.GetSection(CertificateOptions.Section));
        services.AddSingleton<IPostConfigureOptions<CertificateOptions>>(new PostConfigureOptions<CertificateOptions>(null, options =>
        {
            if (options.AllowedClients.Count > 0) return;
            foreach (var client in (string[])["edge", "orders", "nginx", "apache", "haproxy"]) options.AllowedClients.Add(client);
        }));
        services.AddSingleton<ServerCertificates>();
    }
}
