namespace Topology.ManifestHost.Running;

/// <summary>Lets one process at a time do something, by a file that only one can hold open.</summary>
internal static class FileTurn
{
    /// <summary>Waits until no other process holds <paramref name="path"/>. Disposing of the result ends the turn, and so does the end of this process.</summary>
    public static async Task<IDisposable> TakeAsync(string path, Action waiting, CancellationToken cancellation)
    {
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException) when (attempt < 6000)
            {
                if (attempt == 1)
                    waiting();
                await Task.Delay(100, cancellation);
            }
        }
    }
}
