using System.Globalization;
using System.Text;

namespace Fettle.Redis;

/// <summary>One argument of a command: text (sent as UTF-8), bytes or a number. Converts implicitly, allocates nothing.</summary>
public readonly struct RedisArgument
{
    readonly object? _object;
    readonly string? _tail;
    readonly long _number;
    readonly int _length;
    readonly bool _double;

    RedisArgument(object? value, long number, int length, bool isDouble = false, string? tail = null)
    {
        _object = value;
        _tail = tail;
        _number = number;
        _length = length;
        _double = isDouble;
    }

    /// <summary>Two texts sent as one, such as a key's fixed beginning and its own part, without joining them in memory.</summary>
    public static RedisArgument Concat(string head, string tail)
    {
        ArgumentNullException.ThrowIfNull(head);
        ArgumentNullException.ThrowIfNull(tail);
        return new(head, 0, 0, tail: tail);
    }

    /// <summary>Text, sent as UTF-8.</summary>
    public static implicit operator RedisArgument(string text) => new(text ?? throw new ArgumentNullException(nameof(text)), 0, 0);

    /// <summary>Bytes, sent as they are; copied before the call returns.</summary>
    public static implicit operator RedisArgument(byte[] bytes) => new(bytes ?? throw new ArgumentNullException(nameof(bytes)), 0, bytes.Length);

    /// <summary>Bytes, sent as they are; copied before the call returns.</summary>
    public static implicit operator RedisArgument(ReadOnlyMemory<byte> bytes) =>
        System.Runtime.InteropServices.MemoryMarshal.TryGetArray(bytes, out var segment) && segment.Array is not null
            ? new(segment.Array, segment.Offset, segment.Count)
            : new(bytes.ToArray(), 0, bytes.Length);

    /// <summary>An integer, sent as decimal digits.</summary>
    public static implicit operator RedisArgument(long number) => new(null, number, 0);

    /// <summary>A double, sent in its shortest exact form.</summary>
    public static implicit operator RedisArgument(double number) => new(null, BitConverter.DoubleToInt64Bits(number), 0, isDouble: true);

    /// <summary>Most bytes <see cref="Write"/> can need.</summary>
    internal int MaxBytes => _object switch
    {
        string text => Encoding.UTF8.GetMaxByteCount(text.Length + (_tail?.Length ?? 0)),
        byte[] => _length,
        _ => 32,
    };

    /// <summary>Bytes <see cref="Write"/> will need when that is known without encoding, else -1.</summary>
    internal int ExactBytes => _object is byte[] ? _length : -1;

    internal int Write(Span<byte> target)
    {
        switch (_object)
        {
            case string text:
                var head = Encoding.UTF8.GetBytes(text, target);
                return _tail is null ? head : head + Encoding.UTF8.GetBytes(_tail, target[head..]);
            case byte[] bytes:
                bytes.AsSpan((int)_number, _length).CopyTo(target);
                return _length;
            default:
                int written;
                _ = _double
                    ? BitConverter.Int64BitsToDouble(_number).TryFormat(target, out written, "R", CultureInfo.InvariantCulture)
                    : _number.TryFormat(target, out written, default, CultureInfo.InvariantCulture);
                return written;
        }
    }
}
