namespace Topology.Edge.Upstreams;

/// <summary>The service recognizes a repeated request by this header, and then does nothing twice.</summary>
internal sealed record RepeatKey(string Header)
{
    /// <summary>
    /// The body of such a request stays in memory until the response, so the route's limit on bodies may not be higher than this.
    /// </summary>
    public const int LargestBody = 64 * 1024;
}
