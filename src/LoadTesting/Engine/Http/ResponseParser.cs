using System.Buffers;
using System.Buffers.Text;

namespace Fettle.LoadTesting.Engine.Http;

enum ParseStatus
{
    NeedMore,
    Complete,
    Malformed,
    TooLarge,
}

/// <summary>
/// An incremental parser of HTTP/1.x answers (RFC 9112) that can be fed in pieces of any size.
/// It works line by line: a complete line is parsed where it lies, only a line that is cut by the end of a piece is kept,
/// so the cost is linear and an idle connection holds no buffer. Interim answers (1xx) are skipped.
/// </summary>
sealed partial class ResponseParser
{
    const int MaxInterim = 64;

    readonly int _maxHeadBytes;
    readonly long _maxBodyBytes;
    State _state;
    byte[]? _held;
    int _heldLength;
    long _remaining;
    int _headBytes;
    int _interim;
    bool _head;
    bool _http10;
    bool _close;
    bool _keep;
    bool _chunked;
    bool _framingLine;
    long _contentLength;
    AnswerCapture? _errorBody;

    enum State
    {
        StatusLine,
        Header,
        Body,
        ChunkSize,
        ChunkData,
        ChunkEnd,
        Trailer,
        UntilClose,
        Done,
    }

    public ResponseParser(int maxHeadBytes = 256 << 10, long maxBodyBytes = 64L << 20)
    {
        (_maxHeadBytes, _maxBodyBytes) = (maxHeadBytes, maxBodyBytes);
        Reset(head: false, capture: null);
    }

    public int Status { get; private set; }

    public long BodyBytes { get; private set; }

    /// <summary>What is wrong, after <see cref="ParseStatus.Malformed"/> or <see cref="ParseStatus.TooLarge"/>.</summary>
    public string Fault { get; private set; } = "";

    /// <summary>Whether any byte of an answer has come since the reset.</summary>
    public bool Started { get; private set; }

    /// <summary>Whether the connection can carry another request after this answer.</summary>
    public bool KeepAlive => _state == State.Done && !_close && (!_http10 || _keep);

    /// <summary>Where head and body are kept for the one who asked for them, or the beginning of an error's body; null on the hot path.</summary>
    public AnswerCapture? Capture { get; private set; }

    /// <summary>Makes ready for the next answer; <paramref name="head"/> says that the request was HEAD and no body follows.</summary>
    public void Reset(bool head, AnswerCapture? capture)
    {
        Capture = capture;
        _head = head;
        _state = State.StatusLine;
        Status = 0;
        BodyBytes = 0;
        _headBytes = _interim = 0;
        Started = false;
        Release();
        ResetHead();
    }

    /// <summary>Takes the next bytes; <paramref name="consumed"/> is below the length only when the answer is complete or wrong.</summary>
    public ParseStatus Feed(ReadOnlySpan<byte> data, out int consumed)
    {
        Started |= data.Length > 0;
        var at = 0;
        while (at < data.Length && _state != State.Done)
        {
            var rest = data[at..];
            ParseStatus status;
            switch (_state)
            {
                case State.Body or State.ChunkData:
                    var take = (int)Math.Min(_remaining, rest.Length);
                    Capture?.Body(rest[..take]);
                    BodyBytes += take;
                    _remaining -= take;
                    at += take;
                    if (_remaining == 0)
                    {
                        _state = _state == State.Body ? State.Done : State.ChunkEnd;
                    }

                    continue;
                case State.UntilClose:
                    Capture?.Body(rest);
                    BodyBytes += rest.Length;
                    at = data.Length;
                    if (BodyBytes > _maxBodyBytes)
                    {
                        consumed = at;
                        return Fail(ParseStatus.TooLarge, $"the body is longer than {_maxBodyBytes} bytes");
                    }

                    continue;
                default:
                    status = TakeLine(rest, out var used);
                    at += used;
                    break;
            }

            if (status != ParseStatus.NeedMore)
            {
                consumed = at;
                return status;
            }
        }

        consumed = at;
        return _state == State.Done ? ParseStatus.Complete : ParseStatus.NeedMore;
    }

    /// <summary>The peer closed: complete for a body that lasts until then, malformed when cut.</summary>
    public ParseStatus EndOfStream()
    {
        if (_state == State.UntilClose)
        {
            _state = State.Done;
            _close = true;
            return ParseStatus.Complete;
        }

        return Fail(ParseStatus.Malformed, Started ? $"the connection was closed in the {Place()}" : "the connection was closed before an answer");
    }

    string Place() => _state switch
    {
        State.StatusLine or State.Header => "head of the answer",
        State.Body => $"body with {_remaining} bytes missing",
        _ => "chunked body",
    };

    ParseStatus TakeLine(ReadOnlySpan<byte> data, out int used)
    {
        var end = data.IndexOf((byte)'\n');
        used = end < 0 ? data.Length : end + 1;
        _headBytes += used;
        if (_headBytes > _maxHeadBytes && _state is not (State.ChunkSize or State.ChunkEnd))
        {
            return Fail(ParseStatus.TooLarge, $"the head is longer than {_maxHeadBytes} bytes");
        }

        if (end < 0)
        {
            return Hold(data);
        }

        if (_heldLength == 0)
        {
            return Line(WithoutReturn(data[..end]));
        }

        var held = Hold(data[..end]);
        if (held != ParseStatus.NeedMore)
        {
            return held;
        }

        var status = Line(WithoutReturn(_held.AsSpan(0, _heldLength)));
        Release();
        return status;
    }

    static ReadOnlySpan<byte> WithoutReturn(ReadOnlySpan<byte> line) => line is [.., (byte)'\r'] ? line[..^1] : line;

    ParseStatus Hold(ReadOnlySpan<byte> piece)
    {
        var length = _heldLength + piece.Length;
        if (length > _maxHeadBytes)
        {
            return Fail(ParseStatus.TooLarge, $"a line is longer than {_maxHeadBytes} bytes");
        }

        if (_held is null || _held.Length < length)
        {
            var larger = ArrayPool<byte>.Shared.Rent(Math.Max(256, length * 2));
            _held.AsSpan(0, _heldLength).CopyTo(larger);
            if (_held is not null)
            {
                ArrayPool<byte>.Shared.Return(_held);
            }

            _held = larger;
        }

        piece.CopyTo(_held.AsSpan(_heldLength));
        _heldLength = length;
        return ParseStatus.NeedMore;
    }

    void Release()
    {
        if (_held is not null)
        {
            ArrayPool<byte>.Shared.Return(_held);
            _held = null;
        }

        _heldLength = 0;
    }

    ParseStatus Line(ReadOnlySpan<byte> line) => _state switch
    {
        State.StatusLine => StatusLine(line),
        State.Header => line.Length == 0 ? EndOfHead() : Header(line),
        State.ChunkSize => ChunkSize(line),
        State.ChunkEnd => line.Length == 0 ? Go(State.ChunkSize) : Fail(ParseStatus.Malformed, "a chunk is longer than its size says"),
        _ => line.Length == 0 ? Go(State.Done) : ParseStatus.NeedMore,
    };

    ParseStatus Go(State next)
    {
        _state = next;
        return ParseStatus.NeedMore;
    }

    ParseStatus Fail(ParseStatus status, string fault)
    {
        Fault = fault;
        _close = true;
        return status;
    }

    ParseStatus ChunkSize(ReadOnlySpan<byte> line)
    {
        var digits = line.IndexOfAny((byte)';', (byte)' ', (byte)'\t') is >= 0 and var stop ? line[..stop] : line;
        if (digits.Length is 0 or > 15 || !Utf8Parser.TryParse(digits, out long size, out var read, 'x') || read != digits.Length)
        {
            return Fail(ParseStatus.Malformed, $"chunk size '{Printable(line)}' is not a hexadecimal number");
        }

        if (BodyBytes + size > _maxBodyBytes)
        {
            return Fail(ParseStatus.TooLarge, $"the body is longer than {_maxBodyBytes} bytes");
        }

        _remaining = size;
        _headBytes = 0;
        return Go(size == 0 ? State.Trailer : State.ChunkData);
    }

    static string Printable(ReadOnlySpan<byte> bytes)
    {
        var text = System.Text.Encoding.Latin1.GetString(bytes[..Math.Min(bytes.Length, 60)]);
        return string.Concat(text.Select(c => char.IsControl(c) ? '?' : c));
    }
}
