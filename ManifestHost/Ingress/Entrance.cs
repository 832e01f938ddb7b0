using Topology.ManifestHost.Manifests;
using Topology.ManifestHost.Running;

namespace Topology.ManifestHost.Ingress;

/// <summary>Where the ingress lets others in to one port of a resource.</summary>
/// <param name="Resource">The resource's name in the manifest.</param>
/// <param name="Names">The bindings that lead to this port.</param>
/// <param name="Http2">Replicas are spoken to in HTTP/2 without TLS; otherwise in HTTP/1.1, whatever the client speaks.</param>
/// <param name="Cleartext">Where the ingress listens without TLS.</param>
/// <param name="Tls">Where it listens with TLS; null where only the inside comes.</param>
/// <param name="Targets">The replicas, each with the binding it listens on.</param>
/// <param name="IsTcp">A port besides the main ingress: what comes is passed on as it is, by a <see cref="PortRelay"/>.</param>
internal sealed record Entrance(
    string Resource,
    IReadOnlyList<string> Names,
    bool Http2,
    Binding Cleartext,
    Binding? Tls,
    IReadOnlyList<(Replica Replica, Binding Binding)> Targets,
    bool IsTcp)
{
    public bool External => Cleartext.External;

    /// <summary>Whether cleartext requests are served rather than sent to HTTPS: azd's rule, for it is not in the manifest.</summary>
    public bool AllowsInsecure => Http2 || !External;

    public IEnumerable<Binding> Listeners => Tls is null ? [Cleartext] : [Cleartext, Tls];

    /// <summary>Where others reach a binding of this port.</summary>
    public Binding For(Binding binding) => binding.Scheme == "https" ? Tls ?? Cleartext : Cleartext;
}
