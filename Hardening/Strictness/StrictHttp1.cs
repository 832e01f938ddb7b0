using System.IO.Pipelines;
using System.Net.Security;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;

namespace Topology.Hardening.Strictness;

/// <summary>
/// HTTP/1.1 to the letter on public listeners. The server's own parser is careful but lenient here and there (Postel's
/// rule); in front of another parser each leniency is a way to say two things at once. So every request is held against
/// the grammar before it is parsed, and one that fails gets 400, the connection closes, and nothing is forwarded.
/// </summary>
public static class StrictHttp1
{
    /// <summary>The switch: on unless this key says <c>false</c>, which exists to measure and to show what strictness is for.</summary>
    public const string Key = "Topology:StrictHttp1";

    /// <summary>Scans the connections of this endpoint; to be called after <c>UseHttps</c>. HTTP/2 passes by untouched.</summary>
    internal static void UseStrictHttp1(this ListenOptions endpoint) => endpoint.Use(next => connection =>
    {
        if (connection.Features.Get<ITlsHandshakeFeature>() is not null
            && connection.Features.Get<ITlsApplicationProtocolFeature>()?.ApplicationProtocol.Span.SequenceEqual(
                SslApplicationProtocol.Http2.Protocol.Span) is true)
        {
            return next(connection);
        }

        var transport = connection.Transport;
        var reader =
            new StrictPipeReader(
            transport.Input, connection.Features.GetRequiredFeature<IConnectionLifetimeNotificationFeature>().RequestClose);
        connection.Features.Set<IUpgradeNotice>(reader);
        connection.Features.Set<IConnectionOptions>(reader);
        connection.Transport = new StrictTransport(reader, transport.Output);
        return next(connection);
    });

    private sealed record StrictTransport(PipeReader Input, PipeWriter Output) : IDuplexPipe;
}

/// <summary>
/// What a request's <c>Connection</c> says. Kestrel shows no more of it than <c>close</c> or <c>keep-alive</c> where it has one of these.
/// </summary>
internal interface IConnectionOptions
{
    string? Connection { get; }
}

/// <summary>Told when a connection stops being HTTP/1.1: what follows 101 is another protocol's.</summary>
internal interface IUpgradeNotice
{
    void Upgraded();
}

/// <summary>
/// Passes an upgrade on, and tells the connection of one that was made before the first byte of the new protocol is read.
/// </summary>
internal sealed class NoticedUpgrade(IHttpUpgradeFeature upgrade, IUpgradeNotice notice) : IHttpUpgradeFeature
{
    public bool IsUpgradableRequest => upgrade.IsUpgradableRequest;

    public async Task<Stream> UpgradeAsync()
    {
        var stream = await upgrade.UpgradeAsync();
        notice.Upgraded();
        return stream;
    }

    /// <summary>Puts the notice in front of a request that may be upgraded.</summary>
    public static void Attach(HttpContext context)
    {
        if (context.Features.Get<IHttpUpgradeFeature>() is { IsUpgradableRequest: true } upgrade
            && context.Features.Get<IUpgradeNotice>() is { } notice)
        {
            context.Features.Set<IHttpUpgradeFeature>(new NoticedUpgrade(upgrade, notice));
        }
    }
}
