using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Http;

namespace Topology.Hardening.Strictness;

/// <summary>
/// Sits between the transport and Kestrel's parser, without copying bytes. It scans the bytes of the current request as they arrive, and
/// shows only those to the parser. So a refused request is never parsed, and the next request is not scanned before the current one has
/// ended.
/// </summary>
/// <remarks>
/// If a request is refused, the read throws. If Kestrel was reading the head, it responds 400 with <c>Connection: close</c>. If the
/// application was reading the body, its read fails.
/// </remarks>
internal sealed class StrictPipeReader(PipeReader transport, Action refused) : PipeReader, IUpgradeNotice, IConnectionOptions
{
    // Must exceed the longest line that Kestrel may consume in parts, which is a chunk size with its extensions.
    private const int LongestCarriedLine = 4 * 1024;

    private readonly Http1Scanner _scanner = new();
    private ReadOnlySequence<byte> _shown;
    private long _scanned;
    private byte[] _carried = [];
    private bool _allExamined;
    private bool _isUpgraded;
    private BadHttpRequestException? _refusal;

    /// <summary>The value for the current request. The next request is not scanned before this one has ended.</summary>
    public string? Connection => _scanner.Connection;

    public void Upgraded() => _isUpgraded = true;

    public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
    {
        if (_refusal is not null) return ValueTask.FromException<ReadResult>(_refusal);
        var read = transport.ReadAsync(cancellationToken);
        return read.IsCompletedSuccessfully ? new(Show(read.Result)) : Awaited(read);
    }

    public override bool TryRead(out ReadResult result)
    {
        if (_refusal is not null) throw _refusal;
        if (!transport.TryRead(out result)) return false;
        result = Show(result);
        return true;
    }

    public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        if (!_isUpgraded)
        {
            var count = _shown.Slice(_shown.Start, consumed).Length;
            // Kestrel consumes some bytes one by one, such as those of an empty line before a request. The scanner needs whole lines, so
            // consumed bytes of an incomplete line are kept.
            if (count > _scanned) _carried = [.. _carried, .. _shown.Slice(_scanned, count - _scanned).ToArray()];
            _scanned = Math.Max(0, _scanned - count);
            _allExamined = _shown.Slice(examined).IsEmpty;
        }

        transport.AdvanceTo(consumed, examined);
    }

    public override void CancelPendingRead() => transport.CancelPendingRead();

    public override void Complete(Exception? exception = null) => transport.Complete(exception);

    public override ValueTask CompleteAsync(Exception? exception = null) => transport.CompleteAsync(exception);

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<ReadResult> Awaited(ValueTask<ReadResult> read) => Show(await read);

    private ReadResult Show(in ReadResult read)
    {
        if (_isUpgraded) return read;

        var buffer = read.Buffer;
        try
        {
            Scan(buffer);
        }
        catch (BadHttpRequestException refusal)
        {
            _refusal = refusal;
            transport.AdvanceTo(buffer.Start, buffer.End);
            refused();
            throw;
        }

        var isWhole = !_scanner.IsComplete || _scanned == buffer.Length;
        _shown = isWhole ? buffer : buffer.Slice(0, _scanned);
        return new(_shown, read.IsCanceled, read.IsCompleted && isWhole);
    }

    private void Scan(in ReadOnlySequence<byte> buffer)
    {
        if (_scanner.IsComplete)
        {
            if (_scanned == 0) _scanner.Next();
            else if (_allExamined && buffer.Length > _scanned)
            {
                throw new BadHttpRequestException("The request is longer than its framing allows.");
            }
            else return;
        }

        if (_carried.Length > 0 && !TakeCarried(buffer)) return;
        if (!_scanner.IsComplete && _scanned < buffer.Length) _scanned += _scanner.Take(_scanned == 0 ? buffer : buffer.Slice(_scanned));
    }

    /// <summary>
    /// Scans a line whose beginning Kestrel has already consumed: the kept bytes, then the bytes that have arrived since.
    /// </summary>
    /// <returns>Whether the line is complete now.</returns>
    private bool TakeCarried(in ReadOnlySequence<byte> buffer)
    {
        byte[] line = [.. _carried, .. buffer.Slice(0, Math.Min(buffer.Length, LongestCarriedLine)).ToArray()];
        var taken = _scanner.Take(new ReadOnlySequence<byte>(line));
        if (taken < _carried.Length) return false;
        _scanned = taken - _carried.Length;
        _carried = [];
        return true;
    }
}
