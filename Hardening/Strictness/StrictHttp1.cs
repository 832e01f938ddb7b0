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
/// Strict HTTP/1.1 on public listeners. Kestrel's parser is lenient in places (Postel's rule). In front of another parser, each leniency
/// lets one request have two meanings. So every request is checked against the grammar before it is parsed. An invalid one gets 400, the
/// connection closes, and nothing is forwarded.
/// </summary>
public static class StrictHttp1
{
    /// <summary>
    /// The configuration key. Strictness is on unless the value is <c>false</c>. Turn it off only to measure and demonstrate its effect.
    /// </summary>
    public const string Key = "Topology:StrictHttp1";

    /// <summary>Scans the connections of this endpoint. Call it after <c>UseHttps</c>. HTTP/2 connections are not scanned.</summary>
    internal static void UseStrictHttp1(this ListenOptions endpoint) => endpoint.Use(next => connection =>
    {
        if (connection.Features.Get<ITlsHandshakeFeature>() is not null
            && connection.Features.Get<ITlsApplicationProtocolFeature>()?.ApplicationProtocol.Span.SequenceEqual(
                SslApplicationProtocol.Http2.Protocol.Span) is true)
        {
            return next(connection);
        }

        var transport = connection.Transport;
        var reader = new StrictPipeReader(
            transport.Input, connection.Features.GetRequiredFeature<IConnectionLifetimeNotificationFeature>().RequestClose);
        connection.Features.Set<IUpgradeNotice>(reader);
        connection.Features.Set<IConnectionOptions>(reader);
        connection.Transport = new StrictTransport(reader, transport.Output);
        return next(connection);
    });

    private sealed record StrictTransport(PipeReader Input, PipeWriter Output) : IDuplexPipe;
}

/// <summary>
/// Provides the <c>Connection</c> options of a request. Kestrel hides the other options if <c>close</c> or <c>keep-alive</c> is among them.
/// </summary>
internal interface IConnectionOptions
{
    string? Connection { get; }
}

/// <summary>Notified when a connection stops being HTTP/1.1: the bytes after 101 belong to another protocol.</summary>
internal interface IUpgradeNotice
{
    void Upgraded();
}

/// <summary>Performs an upgrade, and notifies the connection before the first byte of the new protocol is read.</summary>
internal sealed class NoticedUpgrade(IHttpUpgradeFeature upgrade, IUpgradeNotice notice) : IHttpUpgradeFeature
{
    public bool IsUpgradableRequest => upgrade.IsUpgradableRequest;

    public async Task<Stream> UpgradeAsync()
    {
        var stream = await upgrade.UpgradeAsync();
        notice.Upgraded();
        return stream;
    }

    /// <summary>Wraps the upgrade feature of a request that may be upgraded.</summary>
    public static void Attach(HttpContext context)
    {
        if (context.Features.Get<IHttpUpgradeFeature>() is { IsUpgradableRequest: true } upgrade
            && context.Features.Get<IUpgradeNotice>() is { } notice)
        {
            context.Features.Set<IHttpUpgradeFeature>(new NoticedUpgrade(upgrade, notice));
        }
    }
}
