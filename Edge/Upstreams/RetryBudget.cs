namespace Topology.Edge.Upstreams;

/// <summary>
/// Limits retries to a share of the requests. When a whole service fails, retries would otherwise double its load just when it
/// recovers.
/// </summary>
internal sealed class RetryBudget
{
    /// <summary>Every fifth request may be a retry. Envoy's default is the same (<c>budget_percent</c> 20).</summary>
    private const int RequestsPerRetry = 5;

    /// <summary>Retries that may follow each other at once, such as all requests in progress at a replica that stops.</summary>
    private const int Burst = 200;

    private int _requests = RequestsPerRetry * Burst;

    /// <summary>Counts a request of a client.</summary>
    public void Count()
    {
        if (Volatile.Read(ref _requests) < RequestsPerRetry * Burst) Interlocked.Increment(ref _requests);
    }

    /// <summary>Whether one more retry is within the budget. If so, it is taken from the budget.</summary>
    public bool TryTake()
    {
        if (Interlocked.Add(ref _requests, -RequestsPerRetry) >= 0) return true;
        Interlocked.Add(ref _requests, RequestsPerRetry);
        return false;
    }
}
