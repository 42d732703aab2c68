using Fettle.LoadTesting.Engine.Http;

namespace Fettle.LoadTesting.Engine.Loop;

/// <summary>A connection of HTTP/1.1: one request at a time, written from bytes that are made once for all its sends.</summary>
sealed class Http1Connection(ConnectionPool pool, int fd, int slot, int generation, long opened) : Connection(pool, fd, slot, generation, opened)
{
    readonly ResponseParser _parser = new(maxBodyBytes: pool.MaxBodyBytes);
    Exchange _exchange;
    bool _busy;
    byte[]? _wire;
    int _written;

    public override int Active => _busy ? 1 : 0;

    public override bool HasRoom => !_busy;

    public override ReadOnlySpan<byte> Unsent => _wire.AsSpan(_written);

    public override void Took(int bytes)
    {
        _written += bytes;
        if (_written == _wire!.Length)
        {
            StopWriting();
        }
    }

    public override void StopWriting() => (_wire, _written) = (null, 0);

    public override void Begin(in Exchange exchange, EngineLoop loop)
    {
        _busy = true;
        _exchange = exchange;
        _exchange.Sent = MonotonicClock.Nanoseconds;
        _parser.Reset(exchange.Request.Method == "HEAD", exchange.Actor?.Flow?.CaptureFor(exchange.Request));
        (_wire, _written) = (exchange.Request.Wire(Pool.Target), 0);
        loop.InFlight++;
        loop.Write(this);
    }

    public override void Received(ReadOnlySpan<byte> data, EngineLoop loop)
    {
        if (!_busy)
        {
            loop.Close(this); // The server says something unasked: the connection is of no more use.
            return;
        }

        _exchange.Workload.Recorder.BytesReceived += data.Length;
        switch (_parser.Feed(data, out var consumed))
        {
            case ParseStatus.Complete:
                Complete(loop, surplus: consumed < data.Length);
                break;
            case ParseStatus.Malformed:
                Broke("malformed answer", _parser.Fault, loop);
                break;
            case ParseStatus.TooLarge:
                Broke("answer too large", _parser.Fault, loop);
                break;
        }
    }

    public override void Ended(EngineLoop loop)
    {
        if (!_busy)
        {
            loop.Close(this);
        }
        else if (_parser.EndOfStream() == ParseStatus.Complete)
        {
            Complete(loop, surplus: false);
        }
        else
        {
            Broke("closed early", _parser.Fault, loop);
        }
    }

    /// <summary>The connection broke under a request. One that was kept alive and gave no byte was closed by the server in the same moment: try once more.</summary>
    public override void Broke(string error, string detail, EngineLoop loop)
    {
        var (wasBusy, exchange) = (_busy, _exchange);
        loop.Close(this);
        if (!wasBusy)
        {
            return;
        }

        if (Carried > 0 && !_parser.Started && Repeatable(exchange))
        {
            loop.Retry(exchange);
        }
        else
        {
            loop.Unanswered(exchange, error, detail, waited: false);
        }

        loop.Refill(Pool);
    }

    public override void Expire(long now, EngineLoop loop)
    {
        if (_busy && _exchange.Deadline < now)
        {
            var exchange = _exchange;
            loop.Close(this);
            loop.TimedOut(exchange);
            loop.Refill(Pool);
        }
    }

    void Complete(EngineLoop loop, bool surplus)
    {
        var now = MonotonicClock.Nanoseconds;
        var exchange = _exchange;
        var (status, capture) = (_parser.Status, _parser.Capture);
        Carried++;
        if (_parser.KeepAlive && Pool.Target.KeepAlive && !surplus && _wire is null)
        {
            _busy = false;
            loop.InFlight--;
            loop.Offer(this);
        }
        else
        {
            loop.Close(this);
            loop.Refill(Pool);
        }

        loop.Answer(exchange, now, status, capture);
    }
}
