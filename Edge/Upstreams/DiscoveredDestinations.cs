using System.Net;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Primitives;
using Microsoft.Extensions.ServiceDiscovery;
using Yarp.ReverseProxy.Configuration;
using Yarp.ReverseProxy.ServiceDiscovery;

namespace Topology.Edge.Upstreams;

/// <summary>
/// Turns each destination that is a service's name, such as <c>http://catalog</c>, into one destination for each endpoint
/// that service discovery knows, and follows changes. A name that discovery does not know is taken as a host.
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
                // Health is remembered by name, so that it must stay with the replica when others come and go.
                resolved[$"{name}/{address.Authority}"] = ToConfig(destination, service, address);
            }
        }

        return new(resolved, Combine(changes));
    }

    /// <summary>The service's endpoint of this edge's upstream: <c>http://_internal-h2.catalog</c>.</summary>
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
        // TLS checks the certificate against the name asked for, which is the service's wherever its replica runs.
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
            _ => throw new InvalidOperationException($"Service discovery answered {endpoint} for {service}, which is no address."),
        };
    }

    private static IChangeToken? Combine(List<IChangeToken> changes) => changes.Count switch
    {
        0 => null,
        1 => changes[0],
        _ => new CompositeChangeToken(changes),
    };
}
