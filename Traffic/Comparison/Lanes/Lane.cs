namespace Topology.Comparison.Lanes;

/// <summary>A response as a lane received it.</summary>
/// <param name="Status">The HTTP status.</param>
/// <param name="EndedAt">When the response, or the first event, was complete: a timestamp.</param>
internal readonly record struct Answer(int Status, long EndedAt);

/// <summary>
/// Sends one request after another on the calling thread. The thread blocks in the system call that returns the response,
/// so no queue of this process delays the timestamp.
/// </summary>
internal interface ILane : IDisposable
{
    /// <summary>The body of the last response; valid until the next exchange.</summary>
    ReadOnlySpan<byte> Body { get; }

    /// <summary>Connects if it is not connected.</summary>
    void Open();

    /// <summary>Sends the request of a variant and reads the whole response. After an exception the next call reconnects.</summary>
    /// <exception cref="IOException">The exchange failed. Socket, TLS and HTTP exceptions also mean that it failed.</exception>
    Answer Exchange(int variant);
}

/// <summary>What the lanes of one path negotiated and opened: proof that all paths are measured alike.</summary>
internal sealed class LaneProof
{
    private int _opened;
    private volatile string? _protocol;

    /// <summary>Connections opened so far.</summary>
    public int Opened => _opened;

    /// <summary>What was negotiated, such as <c>HTTP/1.1, TLS 1.3</c>; null before the first response.</summary>
    public string? Protocol => _protocol;

    /// <summary>Counts an opened connection.</summary>
    public void CountOpened() => Interlocked.Increment(ref _opened);

    /// <summary>Records what a connection negotiated. A second protocol is added to the first.</summary>
    public void AddProtocol(string protocol)
    {
        if (_protocol is null) _protocol = protocol;
        else if (!_protocol.Contains(protocol, StringComparison.Ordinal)) _protocol += " and " + protocol;
    }
}
