using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Http;

namespace Topology.Hardening.Strictness;

/// <summary>
/// Stands between a connection's bytes and the server's parser. The bytes are the transport's own, never copied; they
/// are shown up to the end of the request at hand, once everything that has arrived of it was scanned. A request that
/// is refused is therefore never parsed, and the next one is not looked at before this one is done with.
/// </summary>
/// <remarks>
/// A refusal is thrown from the read. In a head, the server answers it with 400 and <c>Connection: close</c>; in a body,
/// the application's read fails with it.
/// </remarks>
internal sealed class StrictPipeReader(PipeReader transport, Action refused) : PipeReader, IUpgradeNotice, IConnectionOptions
{
    // More than the longest line of which the server takes a part: a chunk's size with its extensions.
    private const int LongestCarriedLine = 4 * 1024;

    private readonly Http1Scanner _scanner = new();
    private ReadOnlySequence<byte> _shown;
    private long _scanned;
    private byte[] _carried = [];
    private bool _allExamined;
    private bool _isUpgraded;
    private BadHttpRequestException? _refusal;

    /// <summary>Of the request at hand: the next one is not scanned before this one is done with.</summary>
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
            // The server takes some bytes one by one, such as those of an empty line before a request, where the scanner
            // takes lines: what is gone before its line was whole is kept for it.
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
                throw new BadHttpRequestException("The request is longer than its framing says.");
            }
            else return;
        }

        if (_carried.Length > 0 && !TakeCarried(buffer)) return;
        if (!_scanner.IsComplete && _scanned < buffer.Length) _scanned += _scanner.Take(_scanned == 0 ? buffer : buffer.Slice(_scanned));
    }

    /// <summary>Scans the beginning of a line that the server has taken already, with what has come since.</summary>
    /// <returns>Whether the line is whole now.</returns>
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
