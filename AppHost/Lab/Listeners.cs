namespace Topology.AppHost.Lab;

/// <summary>The services' endpoint names, which are also ServiceDefaults' listener names.</summary>
internal static class Listeners
{
    /// <summary>Serves health and management endpoints.</summary>
    public const string Management = "internal";

    /// <summary>For public clients: HTTP/1.1, and HTTP/1.1 or HTTP/2 over TLS.</summary>
    public static readonly string[] Public = ["http", "https"];

    /// <summary>For proxies and other services: HTTP/1.1, cleartext HTTP/2, and TLS with client certificates.</summary>
    public static readonly string[] Internal = [Management, "internal-h2", "internal-tls"];

    /// <summary>All listeners, in the order of a service's ports.</summary>
    public static readonly string[] All = [.. Public, .. Internal];
}
