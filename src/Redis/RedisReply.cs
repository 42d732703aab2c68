using System.Buffers;
using System.Globalization;
using System.Text;

namespace Fettle.Redis;

/// <summary>
/// One reply of the server. A small struct: besides the bytes of the value itself nothing is allocated for it.
/// </summary>
public readonly struct RedisReply
{
    readonly object? _object;
    readonly long _number;

    internal RedisReply(RedisReplyKind kind, object? value, long number = 0)
    {
        Kind = kind;
        _object = value;
        _number = number;
    }

    /// <summary>The type on the wire.</summary>
    public RedisReplyKind Kind { get; }

    /// <summary>True when the server answered "no value".</summary>
    public bool IsNull => Kind == RedisReplyKind.Null;

    /// <summary>True when this is an error of the server.</summary>
    public bool IsError => Kind == RedisReplyKind.Error;

    /// <summary>The items of an array, set, map (keys and values in turn) or push; empty for null.</summary>
    /// <exception cref="RedisReplyException">The reply is not an aggregate.</exception>
    public ReadOnlySpan<RedisReply> Items => _object switch
    {
        RedisReply[] items => items,
        null when Kind == RedisReplyKind.Null => default,
        _ => throw Throw.Mismatch("a list", this),
    };

    internal static RedisReply Null => default;

    internal static RedisReply Number(long value) => new(RedisReplyKind.Integer, null, value);

    /// <summary>A string in a rented array; whoever gets it settles it, takes it over or gives it back.</summary>
    internal static RedisReply Lent(byte[] array, int length) => new(RedisReplyKind.Bulk, array, length);

    internal bool IsLent => Kind == RedisReplyKind.Bulk && _number != 0;

    /// <summary>The same string in an array of its own.</summary>
    internal RedisReply Settle()
    {
        var array = (byte[])_object!;
        var own = array.AsSpan(0, (int)_number).ToArray();
        ArrayPool<byte>.Shared.Return(array);
        return new(RedisReplyKind.Bulk, own);
    }

    internal void GiveBack() => ArrayPool<byte>.Shared.Return((byte[])_object!);

    /// <summary>The string with its array, or null.</summary>
    internal RedisLease? AsLease() =>
        IsLent ? new RedisLease((byte[])_object!, (int)_number, isRented: true)
        : AsBytes() is { } bytes ? new RedisLease(bytes, bytes.Length, isRented: false) : null;

    internal static RedisReply Error(string message) => new(RedisReplyKind.Error, message);

    /// <summary>The bytes of a string reply, or null. The array is the caller's own.</summary>
    /// <exception cref="RedisReplyException">The reply is an aggregate.</exception>
    public byte[]? AsBytes() => _object switch
    {
        byte[] bytes => bytes,
        string text => Encoding.UTF8.GetBytes(text),
        null when Kind == RedisReplyKind.Null => null,
        null => Encoding.UTF8.GetBytes(AsText()!),
        _ => throw Throw.Mismatch("a string", this),
    };

    /// <summary>The reply as UTF-8 text, or null.</summary>
    /// <exception cref="RedisReplyException">The reply is an aggregate.</exception>
    public string? AsText() => _object switch
    {
        byte[] bytes => Encoding.UTF8.GetString(bytes),
        string text => text,
        null when Kind == RedisReplyKind.Null => null,
        null when Kind == RedisReplyKind.Double => BitConverter.Int64BitsToDouble(_number).ToString("R", CultureInfo.InvariantCulture),
        null => _number.ToString(CultureInfo.InvariantCulture),
        _ => throw Throw.Mismatch("a string", this),
    };

    /// <summary>The reply as a 64-bit integer; strings of digits are read too.</summary>
    /// <exception cref="RedisReplyException">The reply is not an integer.</exception>
    public long AsInt64()
    {
        if (Kind is RedisReplyKind.Integer or RedisReplyKind.Boolean)
        {
            return _number;
        }

        return _object is byte[] bytes && long.TryParse(bytes, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value)
            ? value
            : throw Throw.Mismatch("an integer", this);
    }

    /// <summary>The reply as a double; RESP2 servers send it as a string.</summary>
    /// <exception cref="RedisReplyException">The reply is not a number.</exception>
    public double AsDouble() => Kind switch
    {
        RedisReplyKind.Double => BitConverter.Int64BitsToDouble(_number),
        RedisReplyKind.Integer => _number,
        RedisReplyKind.Bulk when Protocol.RespNumbers.TryDouble((byte[])_object!, out var value) => value,
        _ => throw Throw.Mismatch("a number", this),
    };

    /// <summary>True for <c>OK</c>, a true boolean and a non-zero integer; false for null, false and zero.</summary>
    /// <exception cref="RedisReplyException">The reply is none of these.</exception>
    public bool AsBoolean() => Kind switch
    {
        RedisReplyKind.Null => false,
        RedisReplyKind.Status => true,
        RedisReplyKind.Integer or RedisReplyKind.Boolean => _number != 0,
        _ => throw Throw.Mismatch("a boolean", this),
    };

    /// <summary>True when this is a string equal to <paramref name="text"/> (compared byte for byte).</summary>
    public bool TextEquals(ReadOnlySpan<byte> text) => _object switch
    {
        byte[] bytes => text.SequenceEqual(bytes),
        string s => s.Length == text.Length && Encoding.UTF8.GetBytes(s).AsSpan().SequenceEqual(text),
        _ => false,
    };

    /// <summary>A short rendering for messages and debugging; long strings are cut.</summary>
    public override string ToString() => _object switch
    {
        RedisReply[] items => $"{Kind}[{items.Length}]",
        byte[] { Length: > 64 } bytes => $"{Kind}({bytes.Length} bytes)",
        _ => $"{Kind}({(IsNull ? "" : AsText())})",
    };
}
