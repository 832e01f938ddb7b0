using System.Collections.Concurrent;

namespace Topology.Hardening.Limits;

/// <summary>Counts what each client has open. It remembers only clients that have something open.</summary>
internal sealed class ClientCounts
{
    private readonly ConcurrentDictionary<ClientNetwork, int> _clients = new();

    public bool TryEnter(ClientNetwork client, int limit)
    {
        if (_clients.AddOrUpdate(client, 1, static (_, count) => count + 1) <= limit) return true;
        Leave(client);
        return false;
    }

    public void Leave(ClientNetwork client)
    {
        // Removes the entry only if it is still 0, in case another thread has entered.
        if (_clients.AddOrUpdate(client, 0, static (_, count) => count - 1) == 0) _clients.TryRemove(new(client, 0));
    }
}
