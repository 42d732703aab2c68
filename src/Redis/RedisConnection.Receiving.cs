using Fettle.Redis.Connection;

namespace Fettle.Redis;

/// <content>Reading, completion, timeouts and the heartbeat.</content>
public sealed partial class RedisConnection
{
    const int ReadBytes = 64 * 1024;
    const int Batch = 128;

    async Task ReadLoopAsync(Session session)
    {
        var work = new DeliveryBatch();
        try
        {
            session.Parser.Lends = true;
            Process(session, session.Leftover, work);
            session.Leftover = [];
            var buffer = new byte[ReadBytes];
            while (true)
            {
                var direct = session.Parser.DirectTarget;
                var read = await session.Stream.ReadAsync(direct.IsEmpty ? buffer : direct);
                if (read == 0)
                {
                    throw new EndOfStreamException("the server closed the connection");
                }

                session.LastReceived = _time.GetTimestamp();
                _meters.Received(read);
                if (direct.IsEmpty)
                {
                    Process(session, buffer.AsSpan(0, read), work);
                }
                else
                {
                    session.Parser.AdvanceDirect(read);
                }
            }
        }
        catch (Exception e)
        {
            Lose(session, e);
        }
    }

    void Process(Session session, ReadOnlySpan<byte> bytes, DeliveryBatch work)
    {
        while (session.Parser.TryRead(ref bytes, out var reply))
        {
            if (IsPush(reply, session.Protocol))
            {
                HandlePush(reply);
                continue;
            }

            work.Replies[work.Count++] = reply;
            if (work.Count == Batch)
            {
                Deliver(session, work);
            }
        }

        Deliver(session, work);
    }

    /// <summary>Gives each reply to the head of the line.</summary>
    void Deliver(Session session, DeliveryBatch work)
    {
        if (work.Count == 0)
        {
            return;
        }

        var matched = 0;
        var surplus = false;
        lock (_gate)
        {
            if (!ReferenceEquals(_session, session))
            {
                work.Count = 0;
                return;
            }

            for (var i = 0; i < work.Count; i++)
            {
                if (_handedOver == 0)
                {
                    surplus = true;
                    break;
                }

                var head = _line.Peek();
                if (head.Prelude != Prelude.None && IsPrelude(head, work.Replies[i]))
                {
                    continue;
                }

                var command = _line.Dequeue();
                _handedOver--;
                work.Commands[matched] = command;
                work.Replies[matched++] = command.EarlyError ?? work.Replies[i];
            }

            if (_waiters.Count > 0)
            {
                ReleaseWaiters();
            }
        }

        var errors = 0;
        for (var i = 0; i < matched; i++)
        {
            errors += work.Replies[i].IsError ? 1 : 0;
            work.Commands[i]!.TryComplete(work.Replies[i]);
            work.Commands[i]!.Release();
            work.Commands[i] = null;
            work.Replies[i] = default;
        }

        work.Count = 0;
        _meters.Completed(matched, errors);
        if (surplus)
        {
            Throw.Protocol("the server sent a reply that no command asked for");
        }
    }

    static bool IsPrelude(PendingCommand head, RedisReply reply)
    {
        if (head.Prelude == Prelude.ErrorOnly && !reply.IsError)
        {
            return false;
        }

        head.Prelude = Prelude.None;
        head.EarlyError = reply.IsError ? reply : null;
        return true;
    }

    /// <summary>Under the lock: ticks are frequent while a reply is due and rare otherwise.</summary>
    void SetTick(bool fast)
    {
        if (_fast != fast && !_disposed)
        {
            _fast = fast;
            var period = fast ? _fastTick : TimeSpan.FromMilliseconds(_options.Timings.Heartbeat.TotalMilliseconds / 4);
            _timer.Change(period, period);
        }
    }

    void OnTick()
    {
        List<PendingCommand>? late = null;
        Session? silent = null;
        var beat = false;
        lock (_gate)
        {
            if (_disposed)
            {
                return;
            }

            var now = _time.GetTimestamp();
            for (var i = 0; i < _line.Count; i++)
            {
                var command = _line[i];
                if (command.Deadline <= now && !command.IsDone)
                {
                    // Held while it is completed outside the lock, or it might be pooled and in other hands by then.
                    command.Retain();
                    (late ??= []).Add(command);
                }
            }

            if (_session is { } session)
            {
                var quiet = _time.GetElapsedTime(session.LastReceived, now);
                if (_line.Count == 0)
                {
                    SetTick(fast: false);
                    beat = quiet >= _options.Timings.Heartbeat;
                }
                else if (_handedOver > 0 && quiet > _options.Timings.Silence && OldestAge(now) > _options.Timings.Silence)
                {
                    silent = session;
                }
            }
        }

        if (late is not null)
        {
            foreach (var command in late)
            {
                if (command.TryFail(Throw.Timeout(_endpoint, _options.Timings.Command)))
                {
                    _meters.TimedOut();
                }

                command.Release();
            }
        }

        if (silent is not null)
        {
            Lose(silent, new TimeoutException($"nothing received from {_endpoint} for {_options.Timings.Silence.TotalMilliseconds:0} ms"));
        }

        if (beat)
        {
            Beat();
        }
    }

    TimeSpan OldestAge(long now) => _time.GetElapsedTime(_line.Peek().Submitted, now);

    void Beat()
    {
        lock (_gate)
        {
            if (_session is null || _line.Count > 0)
            {
                return;
            }

            var write = EnqueueIgnored("*1\r\n$4\r\nPING\r\n"u8);
            if (write != WriteNow.No)
            {
                StartFlush(write);
            }
        }

        FlushInline();
    }

    sealed class DeliveryBatch
    {
        public RedisReply[] Replies { get; } = new RedisReply[Batch];

        public PendingCommand?[] Commands { get; } = new PendingCommand?[Batch];

        public int Count { get; set; }
    }
}
