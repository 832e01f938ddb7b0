namespace Topology.Hardening.Certificates;

/// <summary>
/// Certificates that are read again at most once a minute, so that renewed ones are used without a restart. Reading may block on
/// another process; callers get the previous certificates in the meantime.
/// </summary>
/// <param name="load">Reads them. If the first read fails, the exception is thrown; later the previous certificates stay in use.</param>
/// <param name="time">The clock.</param>
/// <param name="failed">Called when a later read fails, for example because a key was renewed before its certificate.</param>
public sealed class Rotating<T>(Func<T> load, TimeProvider time, Action<Exception>? failed = null) where T : class
{
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan ShortestInterval = TimeSpan.FromSeconds(1);
    private readonly Lock _lock = new();
    private volatile T? _current;
    private long _loaded;

    /// <summary>The certificates to use now.</summary>
    public T Current => Get(Interval);

    /// <summary>
    /// The newest certificates. They are read again unless the last read was less than a second ago. Use this if <see cref="Current"/> does
    /// not trust a peer's certificate yet.
    /// </summary>
    public T Newest => Get(ShortestInterval);

    private T Get(TimeSpan interval)
    {
        if (_current is { } current)
        {
            if (IsWithin(interval) || !_lock.TryEnter()) return current;
        }
        else
        {
            _lock.Enter();
        }

        try
        {
            if (_current is not null && IsWithin(interval)) return _current;
            try
            {
                // A handshake may still use the previous certificates, so they are not disposed here.
                _current = load();
            }
            catch (Exception exception) when (_current is not null)
            {
                failed?.Invoke(exception);
            }

            Volatile.Write(ref _loaded, time.GetUtcNow().UtcTicks);
            return _current;
        }
        finally
        {
            _lock.Exit();
        }
    }

    private bool IsWithin(TimeSpan interval) => time.GetUtcNow().UtcTicks - Volatile.Read(ref _loaded) <= interval.Ticks;
}
