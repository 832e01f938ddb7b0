namespace Topology.Comparison.Lanes;

/// <summary>An answer as a lane got it.</summary>
/// <param name="Status">The HTTP status.</param>
/// <param name="EndedAt">The timestamp of what the workload is timed to.</param>
internal readonly record struct Answer(int Status, long EndedAt);

/// <summary>
/// One request after another, each on the calling thread: that thread waits in the system call that the answer ends, so
/// that between answer and timestamp lies no queue of this process.
/// </summary>
internal interface ILane : IDisposable
{
    /// <summary>The body of the last answer; valid until the next exchange.</summary>
    ReadOnlySpan<byte> Body { get; }

    /// <summary>Connects, where that is not done.</summary>
    void Open();

    /// <summary>Sends the request of a variant and reads the whole answer. After an exception the next call connects again.</summary>
    /// <exception cref="IOException">The exchange failed; so do socket, TLS and HTTP exceptions say.</exception>
    Answer Exchange(int variant);
}

/// <summary>What the lanes of one path negotiated and opened: the proof that paths are treated alike.</summary>
internal sealed class LaneProof
{
    private int _opened;
    private volatile string? _protocol;

    /// <summary>Connections opened so far.</summary>
    public int Opened => _opened;

    /// <summary>What was negotiated, such as <c>HTTP/1.1, TLS 1.3</c>; null before the first answer.</summary>
    public string? Protocol => _protocol;

    /// <summary>A connection was opened.</summary>
    public void CountOpened() => Interlocked.Increment(ref _opened);

    /// <summary>What the first connection negotiated; one that negotiates otherwise shows too.</summary>
    public void Saw(string protocol)
    {
        if (_protocol is null) _protocol = protocol;
        else if (!_protocol.Contains(protocol, StringComparison.Ordinal)) _protocol += " and " + protocol;
    }
}
