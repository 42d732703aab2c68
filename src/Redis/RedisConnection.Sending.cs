using Fettle.Redis.Connection;
using Fettle.Redis.Protocol;

namespace Fettle.Redis;

/// <content>Submission, back-pressure and writing.</content>
public sealed partial class RedisConnection
{
    /// <summary>Sends any command and returns its reply.</summary>
    /// <param name="arguments">The command's name and arguments; bytes are copied before the call returns.</param>
    /// <returns>The reply; errors nested in arrays stay values, an error reply is thrown.</returns>
    /// <exception cref="RedisServerException">The server refused the command.</exception>
    /// <exception cref="RedisTimeoutException">No reply within <see cref="RedisTimings.Command"/>.</exception>
    /// <exception cref="RedisConnectionException">Not connected, or the connection was lost.</exception>
    public ValueTask<RedisReply> ExecuteAsync(params ReadOnlySpan<RedisArgument> arguments) => ExecuteAsync(arguments, default);

    /// <summary>Sends any command; cancelling leaves the connection in step (the server may still execute the command).</summary>
    public ValueTask<RedisReply> ExecuteAsync(ReadOnlySpan<RedisArgument> arguments, CancellationToken cancellation, TimeSpan? timeout = null)
    {
        var pending = Submit(arguments, cancellation, timeout, out var slow);
        return pending is not null ? new(pending, pending.Version) : slow!.AsReply();
    }

    internal ValueTask<byte[]?> BytesAsync(ReadOnlySpan<RedisArgument> arguments, CancellationToken cancellation)
    {
        var pending = Submit(arguments, cancellation, null, out var slow);
        return pending is not null ? new(pending, pending.Version) : slow!.As(static r => r.AsBytes());
    }

    internal ValueTask<RedisLease?> LeaseAsync(ReadOnlySpan<RedisArgument> arguments, CancellationToken cancellation)
    {
        var pending = Submit(arguments, cancellation, null, out var slow, borrows: true);
        return pending is not null ? new(pending, pending.Version) : slow!.As(static r => r.AsLease());
    }

    internal ValueTask<string?> TextAsync(ReadOnlySpan<RedisArgument> arguments, CancellationToken cancellation)
    {
        var pending = Submit(arguments, cancellation, null, out var slow);
        return pending is not null ? new(pending, pending.Version) : slow!.As(static r => r.AsText());
    }

    internal ValueTask<long> Int64Async(ReadOnlySpan<RedisArgument> arguments, CancellationToken cancellation)
    {
        var pending = Submit(arguments, cancellation, null, out var slow);
        return pending is not null ? new(pending, pending.Version) : slow!.As(static r => r.AsInt64());
    }

    internal ValueTask<bool> BooleanAsync(ReadOnlySpan<RedisArgument> arguments, CancellationToken cancellation)
    {
        var pending = Submit(arguments, cancellation, null, out var slow);
        return pending is not null ? new(pending, pending.Version) : slow!.As(static r => r.AsBoolean());
    }

    internal TimeSpan CommandTime => _options.Timings.Command;

    /// <summary>Sends CLIENT CACHING YES and the command as neighbours: the first applies to the very next command alone.</summary>
    internal ValueTask<byte[]?> TrackedBytesAsync(ReadOnlySpan<RedisArgument> arguments, CancellationToken cancellation)
    {
        var pending = Submit(arguments, cancellation, null, out var slow, tracked: true);
        return pending is not null ? new(pending, pending.Version) : slow!.As(static r => r.AsBytes());
    }

    /// <summary>
    /// The common way in. Returns the pending command, or null with <paramref name="slow"/> when the call failed at once or has to
    /// wait for room.
    /// </summary>
    PendingCommand? Submit(ReadOnlySpan<RedisArgument> arguments, CancellationToken cancellation, TimeSpan? timeout, out SlowPath? slow, bool tracked = false, bool borrows = false)
    {
        slow = null;
        if (arguments.Length == 0)
        {
            throw new ArgumentException("a command needs at least its name", nameof(arguments));
        }

        if (cancellation.IsCancellationRequested)
        {
            slow = new SlowPath(Task.FromCanceled<RedisReply>(cancellation));
            return null;
        }

        var limit = timeout ?? _options.Timings.Command;
        var size = CommandBuffer.MaxBytes(arguments);
        if (size > _options.Limits.MaxUnsentBytes)
        {
            Throw.OutOfRange("size of the command", size, $"up to {_options.Limits.MaxUnsentBytes} bytes", "Raise RedisLimits.MaxUnsentBytes or send less at once.");
        }

        PendingCommand? pending = null;
        Exception? refused = null;
        lock (_gate)
        {
            if (_waiters.Count > 0 || !HasRoom(size))
            {
                // Falls through to the slow path with the command copied.
            }
            else if (Refusal(ref limit) is { } reason)
            {
                refused = reason;
            }
            else
            {
                pending = tracked
                    ? Enqueue(arguments, size, limit, Prelude.Always, Caching, out var write)
                    : Enqueue(arguments, size, limit, Prelude.None, default, out write);
                pending.Borrows = borrows;
                if (write != WriteNow.No)
                {
                    StartFlush(write);
                }
            }
        }

        if (pending is not null)
        {
            if (cancellation.CanBeCanceled)
            {
                pending.ListenTo(cancellation);
            }

            FlushInline();
            return pending;
        }

        slow = refused is not null
            ? new SlowPath(Task.FromException<RedisReply>(refused))
            : new SlowPath(WaitForRoomAsync(Copy(arguments, size, tracked), limit, tracked, cancellation));
        return null;
    }

    static readonly RedisArgument[] Caching = ["CLIENT", "CACHING", "YES"];

    enum WriteNow
    {
        No,
        Inline,
        Pool,
    }

    [ThreadStatic]
    static Session? _inline;

    /// <summary>Under the lock.</summary>
    PendingCommand Enqueue(
        ReadOnlySpan<RedisArgument> arguments, long size, TimeSpan limit, Prelude prelude, ReadOnlySpan<RedisArgument> ahead, out WriteNow write)
    {
        var now = _time.GetTimestamp();
        var pending = PendingCommand.Rent(now + Ticks(limit), prelude);
        pending.Submitted = now;
        pending.Offset = _unsent.Length;
        if (ahead.Length > 0)
        {
            _unsent.Append(ahead, CommandBuffer.MaxBytes(ahead));
        }

        _unsent.Append(arguments, size);
        pending.Length = _unsent.Length - pending.Offset;
        write = Join(pending);
        return pending;
    }

    /// <summary>Under the lock: a command whose reply is thrown away.</summary>
    WriteNow EnqueueIgnored(ReadOnlySpan<byte> wire)
    {
        var pending = PendingCommand.Rent(long.MaxValue, ignored: true);
        pending.Submitted = _time.GetTimestamp();
        pending.Offset = _unsent.Length;
        _unsent.Append(wire);
        pending.Length = wire.Length;
        return Join(pending);
    }

    /// <summary>Under the lock: puts the command in the line and says who has to write it.</summary>
    WriteNow Join(PendingCommand pending)
    {
        var alone = _line.Count == 0;
        _line.Enqueue(pending);
        SetTick(fast: true);
        if (_session is not { Flushing: false } session)
        {
            return WriteNow.No;
        }

        session.Flushing = true;
        return alone ? WriteNow.Inline : WriteNow.Pool;
    }

    /// <summary>Under the lock.</summary>
    void StartFlush(WriteNow write)
    {
        if (write == WriteNow.Inline)
        {
            _inline = _session;
        }
        else
        {
            ThreadPool.UnsafeQueueUserWorkItem(_flushWork, preferLocal: false);
        }
    }

    /// <summary>Outside the lock: does the write this thread was told to do.</summary>
    void FlushInline()
    {
        if (_inline is { } session)
        {
            _inline = null;
            Flush(session);
        }
    }

    /// <summary>Under the lock: null when the command may join; else why not. A command for a connection that is down gets less time.</summary>
    Exception? Refusal(ref TimeSpan limit)
    {
        if (_session is not null)
        {
            return null;
        }

        if (_disposed)
        {
            return new ObjectDisposedException(nameof(RedisConnection));
        }

        // The very first attempt is under way: let the command wait for it as if for a slow server.
        if (_failure is null && _firstAttempt is { Task.IsCompleted: false })
        {
            return null;
        }

        var wait = _options.Timings.OfflineWait;
        limit = wait < limit ? wait : limit;
        return wait == TimeSpan.Zero ? Throw.Offline(_endpoint, _failure) : null;
    }

    bool HasRoom(long size) =>
        _line.Count < _options.Limits.MaxPending && (_unsent.Length == 0 || _unsent.Length + size <= _options.Limits.MaxUnsentBytes);

    static byte[] Copy(ReadOnlySpan<RedisArgument> arguments, long size, bool tracked)
    {
        var buffer = new CommandBuffer();
        if (tracked)
        {
            buffer.Append(Caching, CommandBuffer.MaxBytes(Caching));
        }

        buffer.Append(arguments, size);
        return buffer.Written.ToArray();
    }

    async Task<RedisReply> WaitForRoomAsync(byte[] wire, TimeSpan limit, bool tracked, CancellationToken cancellation)
    {
        _meters.Waited();
        var start = _time.GetTimestamp();
        while (true)
        {
            RoomWaiter? waiter = null;
            PendingCommand? pending = null;
            lock (_gate)
            {
                if (Refusal(ref limit) is { } refused)
                {
                    throw refused;
                }

                var left = limit - _time.GetElapsedTime(start);
                if (left <= TimeSpan.Zero)
                {
                    _meters.TimedOut();
                    throw Throw.Timeout(_endpoint, limit);
                }

                if (HasRoom(wire.Length))
                {
                    var now = _time.GetTimestamp();
                    pending = PendingCommand.Rent(now + Ticks(left), tracked ? Prelude.Always : Prelude.None);
                    pending.Submitted = now;
                    pending.Offset = _unsent.Length;
                    pending.Length = wire.Length;
                    _unsent.Append(wire);
                    var write = Join(pending);
                    if (write != WriteNow.No)
                    {
                        StartFlush(write);
                    }

                    ReleaseWaiters();
                }
                else
                {
                    waiter = new RoomWaiter();
                    _waiters.Enqueue(waiter);
                }
            }

            if (pending is not null)
            {
                pending.ListenTo(cancellation);
                FlushInline();
                return await new ValueTask<RedisReply>(pending, pending.Version);
            }

            try
            {
                await waiter!.Task.WaitAsync(limit - _time.GetElapsedTime(start), _time, cancellation);
            }
            catch (TimeoutException)
            {
                _meters.TimedOut();
                throw Throw.Timeout(_endpoint, limit);
            }
        }
    }

    /// <summary>Under the lock: wakes as many waiting callers as there is room for.</summary>
    void ReleaseWaiters()
    {
        var room = _options.Limits.MaxPending - _line.Count;
        while (room-- > 0 && _unsent.Length < _options.Limits.MaxUnsentBytes && _waiters.TryDequeue(out var waiter))
        {
            waiter.Release();
        }
    }

    /// <summary>Writes until nothing is left to write; the caller has set <see cref="Session.Flushing"/>.</summary>
    void Flush(Session session)
    {
        while (true)
        {
            ReadOnlyMemory<byte> bytes;
            lock (_gate)
            {
                session.Sending.Clear();
                if (!ReferenceEquals(_session, session) || _unsent.Length == 0)
                {
                    session.Flushing = false;
                    return;
                }

                (_unsent, session.Sending) = (session.Sending, _unsent);
                _handedOver = _line.Count;
                bytes = session.Sending.Written;
                ReleaseWaiters();
            }

            _meters.Sent(bytes.Length);
            ValueTask write;
            try
            {
                write = session.Stream.WriteAsync(bytes);
                if (write.IsCompleted)
                {
                    write.GetAwaiter().GetResult();
                    continue;
                }
            }
            catch (Exception e)
            {
                Lose(session, e);
                return;
            }

            _ = FinishAsync(write, session);
            return;
        }
    }

    async Task FinishAsync(ValueTask write, Session session)
    {
        try
        {
            await write;
        }
        catch (Exception e)
        {
            Lose(session, e);
            return;
        }

        Flush(session);
    }

    long Ticks(TimeSpan span) => (long)(span.TotalSeconds * _time.TimestampFrequency);

    sealed class RoomWaiter
    {
        readonly TaskCompletionSource _source = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Task => _source.Task;

        public void Release() => _source.TrySetResult();
    }

    /// <summary>A call that could not take the pooled way: refused, cancelled, or waiting for room.</summary>
    sealed class SlowPath(Task<RedisReply> task)
    {
        public ValueTask<RedisReply> AsReply() => new(task);

        public async ValueTask<T> As<T>(Func<RedisReply, T> convert) => convert(await task);
    }
}
