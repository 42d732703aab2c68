using Fettle.LoadTesting.Engine.Http2;

namespace Fettle.LoadTesting.Engine.Loop;

/// <summary>
/// A connection of HTTP/2 (RFC 9113): requests and answers as streams beside each other. What the requests of one turn of the loop write
/// leaves in one piece at its end.
/// </summary>
sealed partial class Http2Connection(ConnectionPool pool, int fd, int slot, int generation, long opened) : Connection(pool, fd, slot, generation, opened)
{
    const int LastStream = int.MaxValue - 2;

    readonly Dictionary<int, Http2Stream> _streams = [];
    readonly Stack<Http2Stream> _spare = new();
    readonly Queue<Http2Stream> _blocked = new();
    readonly FrameOutput _output = new();
    readonly HeaderDecoder _decoder = new();
    int _nextStream = 1;
    int _mostStreams = pool.Streams;
    long _sendWindow = Frames.DefaultWindow;
    int _streamWindow = Frames.DefaultWindow;
    int _unacknowledged;
    bool _tellsTableSize;
    bool _leaving;

    public override int Active => _streams.Count;

    public override bool HasRoom => !_leaving && _streams.Count < _mostStreams;

    public override ReadOnlySpan<byte> Unsent => _output.Unsent;

    public override void Took(int bytes) => _output.Took(bytes);

    public override void StopWriting()
    {
        _leaving = true;
        _output.Clear();
    }

    public override void Established(EngineLoop loop)
    {
        _output.Append("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8);
        _output.Frame(FrameType.Settings, FrameFlags.None, 0, [0, Frames.SettingPush, 0, 0, 0, 0, 0, Frames.SettingWindow, Frames.ReceiveWindow >> 24, 0, 0, 0]);
        _output.Frame(FrameType.WindowUpdate, 0, Frames.ReceiveWindow - Frames.DefaultWindow);
        loop.WriteLater(this);
    }

    public override void Begin(in Exchange exchange, EngineLoop loop)
    {
        var stream = _spare.TryPop(out var spare) ? spare : new Http2Stream();
        stream.Begin(_nextStream, exchange, exchange.Actor?.Flow?.CaptureFor(exchange.Request), _streamWindow);
        stream.Exchange.Sent = MonotonicClock.Nanoseconds;
        _streams.Add(_nextStream, stream);
        _nextStream += 2;
        _leaving |= _nextStream > LastStream || !Pool.Target.KeepAlive;
        loop.InFlight++;
        WriteHead(stream, exchange.Request.HeaderBlock(Pool.Target));
        WriteBody(stream);
        loop.WriteLater(this);
    }

    public override void Ended(EngineLoop loop) => Broke("closed early", "the connection was closed before the answer", loop);

    public override void Broke(string error, string detail, EngineLoop loop)
    {
        var open = _streams.Values.ToArray();
        loop.Close(this);
        foreach (var stream in open)
        {
            if (Carried > 0 && !stream.Started && error is not "malformed answer" && Repeatable(stream.Exchange))
            {
                loop.Retry(stream.Exchange);
            }
            else
            {
                loop.Unanswered(stream.Exchange, error, detail, waited: false);
            }
        }

        loop.Refill(Pool);
    }

    public override void Expire(long now, EngineLoop loop)
    {
        List<Http2Stream>? late = null;
        foreach (var stream in _streams.Values)
        {
            if (stream.Exchange.Deadline < now)
            {
                (late ??= []).Add(stream);
            }
        }

        foreach (var stream in late ?? [])
        {
            var exchange = stream.Exchange;
            Cancel(stream, loop);
            loop.TimedOut(exchange);
        }
    }

    public override void Release()
    {
        _output.Clear();
        _decoder.Dispose();
        Hold([]);
        _streams.Clear();
        _blocked.Clear();
    }

    void WriteHead(Http2Stream stream, ReadOnlySpan<byte> block)
    {
        var end = stream.Exchange.Request.Body.Length == 0 ? FrameFlags.EndStream : FrameFlags.None;
        if (_tellsTableSize)
        {
            // The server has changed the size of the table that is not used here; it must be told the new one, which is none (RFC 7541, 4.2).
            _tellsTableSize = false;
            byte[] told = [0x20, .. block];
            block = told;
        }

        var type = FrameType.Headers;
        while (block.Length > Frames.MaxPayload)
        {
            _output.Frame(type, end, stream.Id, block[..Frames.MaxPayload]);
            block = block[Frames.MaxPayload..];
            (type, end) = (FrameType.Continuation, FrameFlags.None);
        }

        _output.Frame(type, end | FrameFlags.EndHeaders, stream.Id, block);
    }

    /// <summary>Writes as much of the body as the server's windows allow; the rest follows when they open.</summary>
    void WriteBody(Http2Stream stream)
    {
        var body = stream.Exchange.Request.Body.Span;
        while (stream.Written < body.Length)
        {
            var piece = (int)Math.Min(Math.Min(body.Length - stream.Written, Frames.MaxPayload), Math.Min(_sendWindow, stream.SendWindow));
            if (piece <= 0)
            {
                _blocked.Enqueue(stream);
                return;
            }

            stream.SendWindow -= piece;
            _sendWindow -= piece;
            var last = stream.Written + piece == body.Length;
            _output.Frame(FrameType.Data, last ? FrameFlags.EndStream : FrameFlags.None, stream.Id, body.Slice(stream.Written, piece));
            stream.Written += piece;
        }
    }

    void WriteBlocked(EngineLoop loop)
    {
        for (var waiting = _blocked.Count; waiting > 0; waiting--)
        {
            var stream = _blocked.Dequeue();
            if (_streams.TryGetValue(stream.Id, out var open) && ReferenceEquals(open, stream))
            {
                WriteBody(stream);
            }
        }

        loop.WriteLater(this);
    }

    void Complete(Http2Stream stream, EngineLoop loop)
    {
        var now = MonotonicClock.Nanoseconds;
        var (exchange, status, capture, fault) = (stream.Exchange, stream.Status, stream.Capture, stream.End());
        if (stream.Written < exchange.Request.Body.Length)
        {
            // Answered before the whole request was there: the rest is not wanted.
            _output.Frame(FrameType.Reset, stream.Id, Frames.CodeCancel);
            loop.WriteLater(this);
        }

        Carried++;
        Leave(stream, loop);
        if (fault is null)
        {
            loop.Answer(exchange, now, status, capture);
        }
        else
        {
            loop.Unanswered(exchange, "malformed answer", fault, waited: false);
        }
    }

    void Cancel(Http2Stream stream, EngineLoop loop)
    {
        _output.Frame(FrameType.Reset, stream.Id, Frames.CodeCancel);
        loop.WriteLater(this);
        Leave(stream, loop);
    }

    /// <summary>The stream is over: its place is free, and a connection that takes no more requests ends with its last one.</summary>
    void Leave(Http2Stream stream, EngineLoop loop)
    {
        _streams.Remove(stream.Id);
        if (!_blocked.Contains(stream))
        {
            _spare.Push(stream);
        }

        loop.InFlight--;
        if (!_leaving)
        {
            loop.Offer(this);
        }
        else if (_streams.Count == 0)
        {
            loop.Close(this);
            loop.Refill(Pool);
        }
    }
}
