using System.Globalization;
using System.Net.Security;
using System.Text;
using Topology.Comparison.Targets;

namespace Topology.Claims.Lab;

/// <summary>Sends raw bytes that no HTTP client would send.</summary>
internal static class RawExchange
{
    /// <summary>The server closed the connection without a response.</summary>
    public const int Closed = 0;

    /// <summary>The server neither responded nor closed the connection.</summary>
    public const int Silence = -1;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    /// <summary>Sends a request and reads the status of the response.</summary>
    /// <param name="address">The listener.</param>
    /// <param name="request">Latin-1: one character is one byte.</param>
    /// <param name="cancellationToken">Cancels the exchange.</param>
    /// <param name="trust">The trusted certificates; null for a listener without TLS.</param>
    /// <returns>The status, <see cref="Closed"/> or <see cref="Silence"/>.</returns>
    public static async Task<int> StatusAsync(Uri address, string request, CancellationToken cancellationToken, PublicTrust? trust = null)
    {
        const int StatusLine = 12; // HTTP/1.1 200
        await using var stream = await OpenAsync(address, trust, cancellationToken);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(Patience);
        var buffer = new byte[StatusLine];
        try
        {
            // Write and read concurrently: a server that refuses a long request responds before it has read all of it.
            var sent = stream.WriteAsync(Encoding.Latin1.GetBytes(request), patience.Token);
            var read = await stream.ReadAtLeastAsync(buffer, StatusLine, throwOnEndOfStream: false, patience.Token);
            if (read == StatusLine)
            {
                return int.Parse(Encoding.Latin1.GetString(buffer).AsSpan(StatusLine - 3), CultureInfo.InvariantCulture);
            }
            await sent;
            return Closed;
        }
        catch (IOException)
        {
            return Closed; // A reset.
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return Silence;
        }
    }

    private static async Task<Stream> OpenAsync(Uri address, PublicTrust? trust, CancellationToken cancellationToken)
    {
        var stream = await Caller.ConnectAsync(address.Port, null, cancellationToken);
        if (trust is null || address.Scheme != Uri.UriSchemeHttps) return stream;
        var secured = new SslStream(stream);
        await secured.AuthenticateAsClientAsync(trust.OptionsFor(address), cancellationToken);
        return secured;
    }
}
