namespace Topology.Hardening.Certificates;

/// <summary>
/// Certificates that are read again once a minute at most, so that renewed ones are used without a restart. Reading may wait
/// for another process; whoever comes meanwhile uses the ones before.
/// </summary>
/// <param name="load">Reads them. The first time it may fail; later the ones before stay in use.</param>
/// <param name="time">Tells when a minute is over.</param>
/// <param name="failed">Told of a later failure, such as a key that was renewed before its certificate.</param>
public sealed class Rotating<T>(Func<T> load, TimeProvider time, Action<Exception>? failed = null) where T : class
{
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan ShortestInterval = TimeSpan.FromSeconds(1);
    private readonly Lock _lock = new();
    private volatile T? _current;
    private long _loaded;

    /// <summary>What to use now.</summary>
    public T Current => Get(Interval);

    /// <summary>
    /// What is there now, read again unless that was just done: for whoever finds <see cref="Current"/> not to be enough.
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
                // The one before may still be in a handshake, so it is left to the garbage collector.
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
