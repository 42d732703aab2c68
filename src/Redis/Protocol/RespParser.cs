using System.Buffers;
using System.Text;

namespace Fettle.Redis.Protocol;

/// <summary>
/// Reads replies from a stream of bytes that may be cut anywhere.
/// <list type="number">
/// <item>Every call consumes what it is given and keeps the unfinished part: a header line, a string, or a stack of open lists.
/// Nothing is ever parsed twice, so a reply in a million pieces costs what it costs in one.</item>
/// <item>Each reply has a budget of bytes (strings as they are, list items at their size in memory). A reply that exceeds it is
/// read to its end without being stored and comes out as an error, so that the stream stays in step.</item>
/// <item>Lengths that no server sends (beyond 512 MiB, beyond two billion items, nesting beyond 64, header lines beyond 64 KiB)
/// are refused: the stream cannot be trusted any more.</item>
/// </list>
/// Specification: RESP3 (antirez, 2018) and the Redis serialization protocol page.
/// </summary>
internal sealed class RespParser(int maxReplyBytes)
{
    internal const int MaxLine = 64 * 1024;
    internal const int MaxDepth = 64;
    internal const long MaxBulk = 512L << 20;
    internal const string TooLargeCode = "TOOLARGE";
    const int ItemBytes = 24;

    /// <summary>Longer strings are read straight into an array of their own.</summary>
    const int MaxLent = 64 * 1024;

    readonly Stack<Frame> _open = new();
    byte[] _line = new byte[256];
    int _lineLength;
    byte[]? _bulk;
    long _bulkLength = -1;
    long _bulkRead;
    byte _bulkType;
    bool _bulkIsLent;
    long _spent;
    bool _tooLarge;

    /// <summary>Whether a reply that is one string may come in a rented array (<see cref="RedisReply.IsLent"/>).</summary>
    public bool Lends { get; set; }

    /// <summary>The unread rest of a long string, so that the socket can write into it directly; empty otherwise.</summary>
    public Memory<byte> DirectTarget =>
        _bulk is not null && _bulkLength - _bulkRead >= 4096 ? _bulk.AsMemory((int)_bulkRead, (int)(_bulkLength - _bulkRead)) : default;

    /// <summary>Tells that <paramref name="count"/> bytes were written into <see cref="DirectTarget"/>.</summary>
    public void AdvanceDirect(int count) => _bulkRead += count;

    /// <summary>Consumes bytes up to the end of the next reply; false when more are needed (then all were consumed).</summary>
    /// <exception cref="RedisProtocolException">The bytes are not RESP.</exception>
    public bool TryRead(ref ReadOnlySpan<byte> input, out RedisReply reply)
    {
        while (true)
        {
            RedisReply value;
            if (_bulkLength >= 0)
            {
                if (!TryFinishBulk(ref input, out value))
                {
                    reply = default;
                    return false;
                }
            }
            else
            {
                var end = input.IndexOf((byte)'\n');
                if (end < 0)
                {
                    Keep(input);
                    input = default;
                    reply = default;
                    return false;
                }

                bool complete;
                if (_lineLength == 0)
                {
                    var line = input[..end];
                    input = input[(end + 1)..];
                    complete = TryHeader(line, out value);
                }
                else
                {
                    Keep(input[..end]);
                    input = input[(end + 1)..];
                    var length = _lineLength;
                    _lineLength = 0;
                    complete = TryHeader(_line.AsSpan(0, length), out value);
                }

                if (!complete)
                {
                    continue;
                }
            }

            if (Deliver(value, out reply))
            {
                return true;
            }
        }
    }

    void Keep(ReadOnlySpan<byte> part)
    {
        if (_lineLength + part.Length > MaxLine)
        {
            Throw.Protocol($"a header line is longer than {MaxLine} bytes");
        }

        if (_lineLength + part.Length > _line.Length)
        {
            Array.Resize(ref _line, Math.Max(_line.Length * 2, _lineLength + part.Length));
        }

        part.CopyTo(_line.AsSpan(_lineLength));
        _lineLength += part.Length;
    }

    /// <summary>Reads one header line (without its LF); true when it is a whole value, false when more must follow.</summary>
    bool TryHeader(ReadOnlySpan<byte> line, out RedisReply value)
    {
        if (line.Length < 2 || line[^1] != '\r')
        {
            Throw.Protocol($"a line of {line.Length} bytes does not end in CR LF");
        }

        if (line.Length > MaxLine)
        {
            Throw.Protocol($"a header line is longer than {MaxLine} bytes");
        }

        var text = line[1..^1];
        value = default;
        switch (line[0])
        {
            case (byte)'+':
                Spend(text.Length);
                value = new(RedisReplyKind.Status, text.SequenceEqual("OK"u8) ? "OK" : text.SequenceEqual("PONG"u8) ? "PONG" : Encoding.UTF8.GetString(text));
                return true;
            case (byte)'-':
                Spend(text.Length);
                value = RedisReply.Error(Encoding.UTF8.GetString(text));
                return true;
            case (byte)':':
                value = RedisReply.Number(Integer(text));
                return true;
            case (byte)'_':
                if (text.Length != 0)
                {
                    Throw.Protocol("a null has a value");
                }

                return true;
            case (byte)'#':
                if (text.Length != 1 || text[0] is not ((byte)'t' or (byte)'f'))
                {
                    Throw.Protocol("a boolean is neither t nor f");
                }

                value = new(RedisReplyKind.Boolean, null, text[0] == 't' ? 1 : 0);
                return true;
            case (byte)',':
                if (!RespNumbers.TryDouble(text, out var number))
                {
                    Throw.Protocol("a double is not a number");
                }

                value = new(RedisReplyKind.Double, null, BitConverter.DoubleToInt64Bits(number));
                return true;
            case (byte)'(':
                Spend(text.Length);
                if (text.TrimStart("+-"u8).Length == 0 || text.TrimStart("+-"u8).ContainsAnyExceptInRange((byte)'0', (byte)'9'))
                {
                    Throw.Protocol("a big number has something else than digits");
                }

                value = new(RedisReplyKind.BigNumber, Encoding.UTF8.GetString(text));
                return true;
            case (byte)'$' or (byte)'=' or (byte)'!':
                return !BeginBulk(line[0], Integer(text));
            case (byte)'*' or (byte)'~' or (byte)'%' or (byte)'>' or (byte)'|':
                return BeginList(line[0], Integer(text), out value);
            default:
                Throw.Protocol($"byte 0x{line[0]:x2} begins no reply");
                return false;
        }
    }

    static long Integer(ReadOnlySpan<byte> text)
    {
        if (!RespNumbers.TryInt64(text, out var number))
        {
            Throw.Protocol("a number or length is not an integer");
        }

        return number;
    }

    /// <summary>False when the string is the RESP2 null.</summary>
    bool BeginBulk(byte type, long length)
    {
        if (length == -1 && type == '$')
        {
            return false;
        }

        if (length is < 0 or > MaxBulk)
        {
            Throw.Protocol($"a string of {length} bytes is announced; the protocol's limit is {MaxBulk}");
        }

        Spend(length);
        _bulkType = type;
        _bulkLength = length;
        _bulkRead = 0;
        _bulkIsLent = Lends && !_tooLarge && type == '$' && _open.Count == 0 && length is > 0 and <= MaxLent;
        _bulk = _tooLarge ? null
            : length == 0 ? []
            : _bulkIsLent ? ArrayPool<byte>.Shared.Rent((int)length)
            : GC.AllocateUninitializedArray<byte>((int)length);
        return true;
    }

    bool TryFinishBulk(ref ReadOnlySpan<byte> input, out RedisReply value)
    {
        var missing = _bulkLength - _bulkRead;
        if (missing > 0)
        {
            var part = (int)Math.Min(missing, input.Length);
            if (_bulk is not null)
            {
                input[..part].CopyTo(_bulk.AsSpan((int)_bulkRead));
            }

            _bulkRead += part;
            input = input[part..];
        }

        // The two closing bytes are counted past the length, so that a cut between CR and LF needs no state of its own.
        while (_bulkRead >= _bulkLength && _bulkRead < _bulkLength + 2 && input.Length > 0)
        {
            if (input[0] != (_bulkRead == _bulkLength ? '\r' : '\n'))
            {
                Throw.Protocol("a string does not end in CR LF");
            }

            _bulkRead++;
            input = input[1..];
        }

        if (_bulkRead < _bulkLength + 2)
        {
            value = default;
            return false;
        }

        var bytes = _bulk ?? [];
        var length = (int)_bulkLength;
        _bulk = null;
        _bulkLength = -1;
        if (_bulkIsLent)
        {
            value = RedisReply.Lent(bytes, length);
            return true;
        }

        value = _bulkType switch
        {
            (byte)'!' => RedisReply.Error(Encoding.UTF8.GetString(bytes)),
            (byte)'=' => new(RedisReplyKind.Verbatim, bytes),
            _ => new(RedisReplyKind.Bulk, bytes),
        };
        return true;
    }

    /// <summary>True when the list is already complete (empty or null).</summary>
    bool BeginList(byte type, long count, out RedisReply value)
    {
        value = default;
        if (count == -1 && type == '*')
        {
            return true;
        }

        var items = type is (byte)'%' or (byte)'|' ? count * 2 : count;
        if (count < 0 || count > int.MaxValue || items > int.MaxValue)
        {
            Throw.Protocol($"a list of {count} items is announced");
        }

        if (_open.Count >= MaxDepth)
        {
            Throw.Protocol($"lists are nested deeper than {MaxDepth}");
        }

        Spend(items * ItemBytes);
        var kind = type switch
        {
            (byte)'~' => RedisReplyKind.Set,
            (byte)'%' => RedisReplyKind.Map,
            (byte)'>' => RedisReplyKind.Push,
            _ => RedisReplyKind.Array,
        };
        if (items == 0 && type != '|')
        {
            value = new(kind, Array.Empty<RedisReply>());
            return true;
        }

        if (items > 0)
        {
            _open.Push(new Frame(kind, type == '|', (int)items, _tooLarge));
        }

        return false;
    }

    /// <summary>Puts a value where it belongs; true when the outermost reply is complete.</summary>
    bool Deliver(RedisReply value, out RedisReply reply)
    {
        while (_open.Count > 0)
        {
            var top = _open.Peek();
            if (!top.Add(value))
            {
                reply = default;
                return false;
            }

            _open.Pop();
            if (top.IsAttribute)
            {
                // Attributes comment the reply that follows; no command here asks for them.
                reply = default;
                return false;
            }

            value = new(top.Kind, top.Items);
        }

        reply = _tooLarge ? RedisReply.Error($"{TooLargeCode} the reply is larger than {maxReplyBytes} bytes (RedisLimits.MaxReplyBytes)") : value;
        _spent = 0;
        _tooLarge = false;
        return true;
    }

    void Spend(long bytes)
    {
        _spent += bytes;
        if (_spent > maxReplyBytes && !_tooLarge)
        {
            _tooLarge = true;
            foreach (var frame in _open)
            {
                frame.Forget();
            }
        }
    }

    sealed class Frame(RedisReplyKind kind, bool isAttribute, int count, bool forget)
    {
        int _filled;

        public RedisReplyKind Kind => kind;

        public bool IsAttribute => isAttribute;

        public RedisReply[] Items { get; private set; } = forget || isAttribute ? [] : new RedisReply[count];

        public void Forget() => Items = [];

        public bool Add(RedisReply value)
        {
            if (Items.Length > 0)
            {
                Items[_filled] = value;
            }

            return ++_filled == count;
        }
    }
}
