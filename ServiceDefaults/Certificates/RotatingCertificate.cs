using System.Security.Cryptography.X509Certificates;

namespace Topology.ServiceDefaults.Certificates;

/// <summary>A certificate that is read again once a minute at most, so that a renewed one is served without a restart.</summary>
public sealed class RotatingCertificate(Func<X509Certificate2> load, TimeProvider time)
{
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);
    private readonly Lock _lock = new();
    private X509Certificate2? _current;
    private DateTimeOffset _loaded;

    /// <summary>The certificate to use now.</summary>
    public X509Certificate2 Current
    {
        get
        {
            lock (_lock)
            {
                if (_current is null || time.GetUtcNow() - _loaded > Interval)
                {
                    // The one before may still be in a handshake, so it is left to the garbage collector.
                    _current = load();
                    _loaded = time.GetUtcNow();
                }

                return _current;
            }
        }
    }
}
