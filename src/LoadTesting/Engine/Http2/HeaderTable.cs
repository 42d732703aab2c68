namespace Fettle.LoadTesting.Engine.Http2;

/// <summary>
/// The fields that a peer has added on a connection, newest first (RFC 7541, 2.3.2). Their bytes stand one behind the other in a buffer of
/// twice the table's size, the oldest first, so that adding one allocates nothing. A table that is never used holds no buffer.
/// </summary>
sealed class HeaderTable
{
    /// <summary>The size that both sides begin with: bytes of names and values and 32 for each field.</summary>
    public const int DefaultSize = 4096;

    const int Overhead = 32;
    const int MostFields = DefaultSize / Overhead;

    (int Start, int Name, int Value)[] _fields = [];
    byte[] _bytes = [];
    int _oldest;
    int _end;
    int _used;
    int _limit = DefaultSize;

    public int Count { get; private set; }

    /// <summary>Field 0 is the newest.</summary>
    public ReadOnlySpan<byte> Name(int index)
    {
        var (start, name, _) = Field(index);
        return _bytes.AsSpan(start, name);
    }

    public ReadOnlySpan<byte> Value(int index)
    {
        var (start, name, value) = Field(index);
        return _bytes.AsSpan(start + name, value);
    }

    /// <summary>Adds a field whose bytes lie outside the table; the oldest ones make room, and one larger than the table empties it.</summary>
    public void Add(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        var size = name.Length + value.Length + Overhead;
        Evict(_limit - size);
        if (size > _limit)
        {
            return;
        }

        if (_bytes.Length == 0)
        {
            (_bytes, _fields) = (new byte[2 * DefaultSize], new (int, int, int)[MostFields]);
        }

        if (_end + name.Length + value.Length > _bytes.Length)
        {
            MoveToFront();
        }

        name.CopyTo(_bytes.AsSpan(_end));
        value.CopyTo(_bytes.AsSpan(_end + name.Length));
        _fields[(_oldest + Count++) % MostFields] = (_end, name.Length, value.Length);
        _end += name.Length + value.Length;
        _used += size;
    }

    /// <summary>Sets the size in bytes, at most <see cref="DefaultSize"/>.</summary>
    public void Resize(int limit)
    {
        _limit = limit;
        Evict(limit);
    }

    (int Start, int Name, int Value) Field(int index) => _fields[(_oldest + Count - 1 - index) % MostFields];

    void Evict(int most)
    {
        for (; _used > most && Count > 0; Count--)
        {
            var (_, name, value) = _fields[_oldest];
            _used -= name + value + Overhead;
            _oldest = (_oldest + 1) % MostFields;
        }
    }

    void MoveToFront()
    {
        var start = Count == 0 ? _end : _fields[_oldest].Start;
        _bytes.AsSpan(start, _end - start).CopyTo(_bytes);
        _end -= start;
        for (var i = 0; i < Count; i++)
        {
            _fields[(_oldest + i) % MostFields].Start -= start;
        }
    }
}
