using System.Net;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Primitives;
using Microsoft.Extensions.ServiceDiscovery;
using Yarp.ReverseProxy.Configuration;
using Yarp.ReverseProxy.ServiceDiscovery;

namespace Topology.Edge.Upstreams;

/// <summary>
/// Expands a service name such as <c>http://catalog</c> into one destination per discovered endpoint, and follows changes.
/// Names unknown to service discovery are used as host names.
/// </summary>
internal sealed class DiscoveredDestinations(ServiceEndpointResolver resolver, IOptions<UpstreamOptions> options) : IDestinationResolver
{
    public async ValueTask<ResolvedDestinationCollection> ResolveDestinationsAsync(
        IReadOnlyDictionary<string, DestinationConfig> destinations, CancellationToken cancellationToken)
    {
        var resolved = new Dictionary<string, DestinationConfig>();
        var changes = new List<IChangeToken>();
        foreach (var (name, destination) in destinations)
        {
            var service = new Uri(destination.Address);
            var source = await resolver.GetEndpointsAsync(Query(service), cancellationToken);
            changes.Add(source.ChangeToken);
            foreach (var endpoint in source.Endpoints)
            {
                var address = Address(endpoint.EndPoint, service);
                // YARP stores health by destination name, so a replica must keep its name when others change.
                resolved[$"{name}/{address.Authority}"] = ToConfig(destination, service, address);
            }
        }

        return new(resolved, Combine(changes));
    }

    /// <summary>
    /// The service discovery query: the service's URL with this edge's endpoint name, such as <c>http://_internal-h2.catalog</c>.
    /// </summary>
    private string Query(Uri service)
    {
        var upstream = options.Value.Upstream;
        var scheme = upstream == UpstreamOptions.Tls ? Uri.UriSchemeHttps : service.Scheme;
        return upstream == UpstreamOptions.Platform || service.Host.StartsWith('_')
            ? service.GetLeftPart(UriPartial.Authority)
            : $"{scheme}://_{upstream}.{service.Authority}";
    }

    private DestinationConfig ToConfig(DestinationConfig destination, Uri service, Uri address) => destination with
    {
        Address = address.ToString(),
        // TLS validates the certificate against the service name, not the replica's address.
        Host = destination.Host ?? (options.Value.Upstream == UpstreamOptions.Tls ? service.Host : null),
    };

    private Uri Address(EndPoint endpoint, Uri service)
    {
        var scheme = options.Value.Upstream == UpstreamOptions.Tls ? Uri.UriSchemeHttps : service.Scheme;
        return endpoint switch
        {
            UriEndPoint uri => uri.Uri,
            DnsEndPoint dns => new UriBuilder(scheme, dns.Host, dns.Port == 0 ? -1 : dns.Port).Uri,
            IPEndPoint ip => new UriBuilder(scheme, ip.Address.ToString(), ip.Port == 0 ? -1 : ip.Port).Uri,
            _ => throw new InvalidOperationException($"Service discovery returned {endpoint} for {service}, not a usable address."),
        };
    }

    private static IChangeToken? Combine(List<IChangeToken> changes) => changes.Count switch
    {
        0 => null,
        1 => changes[0],
        _ => new CompositeChangeToken(changes),
    };
}
