namespace Topology.AppHost.Lab;

/// <summary>The endpoints that the services listen on; ServiceDefaults opens them under the same names.</summary>
internal static class Listeners
{
    /// <summary>The listener on which a service answers its health and management endpoints.</summary>
    public const string Management = "internal";

    /// <summary>For the public: HTTP/1.1, and TLS with HTTP/1.1 and HTTP/2.</summary>
    public static readonly string[] Public = ["http", "https"];

    /// <summary>For proxies and peers: HTTP/1.1, cleartext HTTP/2, and TLS with client certificates.</summary>
    public static readonly string[] Internal = [Management, "internal-h2", "internal-tls"];

    /// <summary>In the order of a service's ports.</summary>
    public static readonly string[] All = [.. Public, .. Internal];
}
