using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Topology.Hardening.Certificates;

/// <summary>Publishes the revoked public certificates of the local authority.</summary>
public static class RevocationListEndpoint
{
    /// <summary>
    /// Serves <see cref="LocalAuthorities.RevocationListPath"/> (<c>application/pkix-crl</c>, RFC 2585) if the local authority issues the
    /// public certificates. Otherwise the path does not exist.
    /// </summary>
    public static void MapRevocationList(this IEndpointRouteBuilder endpoints)
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        if (endpoints.ServiceProvider.GetRequiredService<ServerCertificates>().PublicAuthority is not { } authority) return;
        endpoints.MapMethods(
            LocalAuthorities.RevocationListPath, [HttpMethods.Get, HttpMethods.Head], () =>
                Results.Bytes(authority.RevocationList(), "application/pkix-crl"));
    }
}
