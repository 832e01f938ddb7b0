using System.Buffers.Binary;

namespace Topology.Media.Content;

/// <summary>
/// Read-only content that depends only on the offset. Any range can be generated on its own, and responses can be compared by
/// digest. The bytes look random, so proxies cannot compress them.
/// </summary>
/// <param name="length">Length in bytes.</param>
public sealed class DeterministicStream(long length) : Stream
{
    private const int Word = sizeof(ulong);
    private long _position;

    /// <inheritdoc />
    public override bool CanRead => true;

    /// <inheritdoc />
    public override bool CanSeek => true;

    /// <inheritdoc />
    public override bool CanWrite => false;

    /// <inheritdoc />
    public override long Length => length;

    /// <inheritdoc />
    public override long Position
    {
        get => _position;
        set
        {
            ArgumentOutOfRangeException.ThrowIfNegative(value);
            _position = value;
        }
    }

    /// <inheritdoc />
    public override int Read(Span<byte> buffer)
    {
        var count = (int)Math.Min(buffer.Length, Math.Max(0, length - _position));
        Fill(buffer[..count], _position);
        _position += count;
        return count;
    }

    /// <inheritdoc />
    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    /// <summary>
    /// Like <see cref="Read(Span{byte})"/>, but yields to other work first. This read never waits, and neither does a write to a closed
    /// connection. Without the yield, copying from one to the other would block a thread until the content ends.
    /// </summary>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        await Task.Yield();
        cancellationToken.ThrowIfCancellationRequested();
        return Read(buffer.Span);
    }

    /// <inheritdoc />
    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <inheritdoc />
    public override long Seek(long offset, SeekOrigin origin) => Position = origin switch
    {
        SeekOrigin.Begin => offset,
        SeekOrigin.Current => _position + offset,
        _ => length + offset,
    };

    /// <inheritdoc />
    public override void Flush()
    {
    }

    /// <inheritdoc />
    public override void SetLength(long value) => throw new NotSupportedException();

    /// <inheritdoc />
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    private static void Fill(Span<byte> target, long position)
    {
        Span<byte> word = stackalloc byte[Word];
        while (!target.IsEmpty)
        {
            var skip = (int)(position % Word);
            var value = Mix((ulong)(position / Word));
            int written;
            if (skip == 0 && target.Length >= Word)
            {
                BinaryPrimitives.WriteUInt64LittleEndian(target, value);
                written = Word;
            }
            else
            {
                BinaryPrimitives.WriteUInt64LittleEndian(word, value);
                written = Math.Min(Word - skip, target.Length);
                word.Slice(skip, written).CopyTo(target);
            }

            target = target[written..];
            position += written;
        }
    }

    /// <summary>SplitMix64's output function.</summary>
    private static ulong Mix(ulong index)
    {
        var value = unchecked((index + 1) * 0x9E3779B97F4A7C15);
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
        return value ^ (value >> 31);
    }
}
