using System.IO.Pipelines;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Topology.Hardening.Limits;

/// <summary>Reports to the backlog when a response waits for its client, however the response is written.</summary>
internal sealed class WatchedAnswer : PipeWriter, IHttpResponseBodyFeature
{
    private const int CopyBuffer = 64 * 1024;

    private readonly HttpContext _context;
    private readonly IHttpResponseBodyFeature _inner;
    private readonly PipeWriter _writer;
    private readonly AnswerBacklog _backlog;
    private readonly PublicLimits _limits;
    private Stream? _stream;
    private long _unflushed;
    private long _expected;
    private bool _isEnded;

    private WatchedAnswer(HttpContext context, IHttpResponseBodyFeature inner, AnswerBacklog backlog, PublicLimits limits)
    {
        (_context, _inner, _writer, _backlog, _limits) = (context, inner, inner.Writer, backlog, limits);
    }

    /// <summary>The node in the backlog. Only the backlog uses it and the next two properties.</summary>
    public LinkedListNode<WatchedAnswer>? Place { get; set; }

    public long WaitingBytes { get; set; }

    public long WaitingSince { get; set; }

    public PipeWriter Writer => this;

    public Stream Stream => _stream ??= AsStream(leaveOpen: true);

    /// <summary>Replaces the response features of a request with watched ones.</summary>
    public static WatchedAnswer Attach(HttpContext context, AnswerBacklog backlog, PublicLimits limits)
    {
        var features = context.Features;
        var answer = new WatchedAnswer(context, features.GetRequiredFeature<IHttpResponseBodyFeature>(), backlog, limits);
        features.Set(answer);
        features.Set<IHttpResponseBodyFeature>(answer);
        if (features.Get<IHttpUpgradeFeature>() is { IsUpgradableRequest: true } upgrade)
        {
            features.Set<IHttpUpgradeFeature>(new Upgrade(upgrade, answer));
        }
        if (features.Get<IHttpExtendedConnectFeature>() is { IsExtendedConnect: true } connect)
        {
            features.Set<IHttpExtendedConnectFeature>(new ExtendedConnect(connect, answer));
        }
        return answer;
    }

    /// <summary>Until the response starts, reserves space in the backlog for the bytes that an upstream may send ahead.</summary>
    public void Expect() => _backlog.Expect(_expected = BufferedBytes());

    /// <summary>Ends the watch: the server may reuse the context for another request. Counts the request if it was aborted.</summary>
    public void End()
    {
        Begin();
        lock (this) _isEnded = true;
        if (_context.RequestAborted.IsCancellationRequested) _context.Features.Get<ConnectionResets>()?.Count();
    }

    /// <summary>Aborts the request unless it has ended.</summary>
    public void Abort()
    {
        lock (this)
        {
            if (!_isEnded) _context.Abort();
        }
    }

    public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default) =>
        Watch(_writer.FlushAsync(cancellationToken), 0);

    public override ValueTask<FlushResult> WriteAsync(ReadOnlyMemory<byte> source, CancellationToken cancellationToken = default) =>
        source.Length > CopyBuffer ? WriteInPiecesAsync(source, cancellationToken)
            : Watch(_writer.WriteAsync(source, cancellationToken), source.Length);

    public override void Advance(int bytes)
    {
        _unflushed += bytes;
        _writer.Advance(bytes);
    }

    public override Memory<byte> GetMemory(int sizeHint = 0) => _writer.GetMemory(sizeHint);

    public override Span<byte> GetSpan(int sizeHint = 0) => _writer.GetSpan(sizeHint);

    public override bool CanGetUnflushedBytes => _writer.CanGetUnflushedBytes;

    public override long UnflushedBytes => _writer.UnflushedBytes;

    public override void CancelPendingFlush() => _writer.CancelPendingFlush();

    public override void Complete(Exception? exception = null) => _writer.Complete(exception);

    public override ValueTask CompleteAsync(Exception? exception = null) => _writer.CompleteAsync(exception);

    public void DisableBuffering() => _inner.DisableBuffering();

    public Task StartAsync(CancellationToken cancellationToken = default) => _inner.StartAsync(cancellationToken);

    public Task SendFileAsync(string path, long offset, long? count, CancellationToken cancellationToken = default) =>
        SendFileFallback.SendFileAsync(Stream, path, offset, count, cancellationToken);

    public Task CompleteAsync() => _inner.CompleteAsync();

    private ValueTask<FlushResult> Watch(ValueTask<FlushResult> flush, long bytes)
    {
        bytes += _unflushed;
        _unflushed = 0;
        Begin();
        return flush.IsCompleted ? flush : Awaited(flush, bytes);
    }

    /// <summary>Writes in pieces, because each piece counts as progress. A slow client needs a long time for a large response.</summary>
    private async ValueTask<FlushResult> WriteInPiecesAsync(ReadOnlyMemory<byte> source, CancellationToken cancellationToken)
    {
        for (; source.Length > CopyBuffer; source = source[CopyBuffer..])
        {
            if (await WriteAsync(source[..CopyBuffer], cancellationToken) is { IsCompleted: true } ended) return ended;
        }

        return await WriteAsync(source, cancellationToken);
    }

    private void Begin()
    {
        if (_expected == 0) return;
        _backlog.Expect(-_expected);
        _expected = 0;
    }

    private async ValueTask<FlushResult> Awaited(ValueTask<FlushResult> flush, long bytes)
    {
        _backlog.Enter(this, bytes + BufferedBytes());
        try
        {
            return await flush;
        }
        finally
        {
            _backlog.Leave(this);
        }
    }

    private async ValueTask Awaited(ValueTask write, long bytes)
    {
        _backlog.Enter(this, bytes + BufferedBytes());
        try
        {
            await write;
        }
        finally
        {
            _backlog.Leave(this);
        }
    }

    /// <summary>
    /// The bytes buffered behind a waiting response: the copy buffer and the upstream's window. For messages in both directions, the
    /// client's window is added, because nobody reads the client's messages while the response waits. Ordinary responses are small and
    /// count as 0.
    /// </summary>
    private long BufferedBytes() => _context.GetRouteLimits() is not { IsStream: true } route ? 0
        : CopyBuffer + _limits.UpstreamStreamWindow + (route.Kind == RouteKind.Messages ? _limits.Http2StreamWindow : 0);

    private sealed class Upgrade(IHttpUpgradeFeature inner, WatchedAnswer answer) : IHttpUpgradeFeature
    {
        public bool IsUpgradableRequest => inner.IsUpgradableRequest;

        public async Task<Stream> UpgradeAsync() => new Duplex(await inner.UpgradeAsync(), answer);
    }

    private sealed class ExtendedConnect(IHttpExtendedConnectFeature inner, WatchedAnswer answer) : IHttpExtendedConnectFeature
    {
        public bool IsExtendedConnect => inner.IsExtendedConnect;

        public string? Protocol => inner.Protocol;

        public async ValueTask<Stream> AcceptAsync() => new Duplex(await inner.AcceptAsync(), answer);
    }

    /// <summary>The stream of an upgraded request, which bypasses the features above.</summary>
    private sealed class Duplex(Stream inner, WatchedAnswer answer) : Stream
    {
        public override bool CanRead => inner.CanRead;

        public override bool CanSeek => false;

        public override bool CanWrite => inner.CanWrite;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var write = inner.WriteAsync(buffer, cancellationToken);
            return write.IsCompleted ? write : answer.Awaited(write, buffer.Length);
        }

        public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
            WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

        public override void Write(byte[] buffer, int offset, int count) => inner.Write(buffer, offset, count);

        public override Task FlushAsync(CancellationToken cancellationToken) => inner.FlushAsync(cancellationToken);

        public override void Flush() => inner.Flush();

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            inner.ReadAsync(buffer, cancellationToken);

        public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
            inner.ReadAsync(buffer, offset, count, cancellationToken);

        public override int Read(byte[] buffer, int offset, int count) => inner.Read(buffer, offset, count);

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            if (disposing) inner.Dispose();
            base.Dispose(disposing);
        }
    }
}
