using System.Runtime.InteropServices;
using Fettle.LoadTesting.Engine.Http;
using Fettle.LoadTesting.Engine.Native;

namespace Fettle.LoadTesting.Engine.Loop;

/// <summary>Sockets: opening, writing, reading, closing. What is said on them is the connection's matter.</summary>
sealed unsafe partial class EngineLoop
{
    const int BufferSize = 256 << 10;

    readonly List<Connection?> _connections = [];
    readonly Stack<int> _freeSlots = new();
    readonly List<Connection> _dirty = [];
    byte* _buffer = (byte*)NativeMemory.Alloc(BufferSize);
    int _generation;

    void FreeBuffer()
    {
        NativeMemory.Free(_buffer);
        _buffer = null;
    }

    protected override void Dispatch(in Exchange exchange)
    {
        var pool = exchange.Workload.Pool;
        // As many connections as users: people do not share theirs, and a service feels the open ones too.
        var everyUserHasOne = exchange.Workload.Users is null || pool.Total >= Math.Min(pool.Capacity, exchange.Workload.ActiveUsers);
        while (everyUserHasOne && pool.Free.TryPop(out var free))
        {
            free.Listed = false;
            if (free.State == ConnectionState.Open && free.HasRoom)
            {
                free.Begin(exchange, this);
                List(free);
                return;
            }
        }

        pool.Waiting.Enqueue(exchange);
        Refill(pool);
    }

    /// <summary>Opens connections while more requests wait than those on their way will carry, within the pool's capacity.</summary>
    public void Refill(ConnectionPool pool)
    {
        while (pool.Waiting.Count > pool.Connecting * pool.Streams && pool.Total < pool.Capacity && Open(pool))
        {
        }
    }

    bool Open(ConnectionPool pool)
    {
        var fd = Libc.Socket(pool.Family, Libc.SockStream | Libc.SockNonBlock | Libc.SockCloseOnExec, 0);
        if (fd < 0)
        {
            ConnectFailed(pool, Marshal.GetLastPInvokeError());
            return false;
        }

        var one = 1;
        _ = Libc.SetOption(fd, Libc.TcpLevel, Libc.TcpNoDelay, &one, sizeof(int));
        int outcome;
        fixed (byte* address = pool.Address)
        {
            outcome = Libc.Connect(fd, address, (uint)pool.Address.Length);
        }

        var errno = outcome == 0 ? 0 : Marshal.GetLastPInvokeError();
        if (errno is not (0 or Libc.EInProgress))
        {
            _ = Libc.Close(fd);
            ConnectFailed(pool, errno);
            return false;
        }

        var slot = _freeSlots.TryPop(out var free) ? free : _connections.Count;
        if (slot == _connections.Count)
        {
            _connections.Add(null);
        }

        var (generation, now) = (++_generation, MonotonicClock.Nanoseconds);
        Connection connection = pool.Http2 ? new Http2Connection(pool, fd, slot, generation, now) : new Http1Connection(pool, fd, slot, generation, now);
        _connections[slot] = connection;
        pool.Total++;
        pool.Connecting++;
        ConnectionsOpened++;
        _poller.Watch(fd, Poller.Writable, connection.Token);
        return true;
    }

    void ConnectFailed(ConnectionPool pool, int errno) => ConnectFailed(pool, ConnectError(errno), Marshal.GetPInvokeErrorMessage(errno));

    void ConnectFailed(ConnectionPool pool, string error, string detail)
    {
        if (pool.Waiting.TryDequeue(out var exchange))
        {
            End(exchange, MonotonicClock.Nanoseconds, error, detail, waited: false, sent: false);
        }
    }

    static string ConnectError(int errno) => errno switch
    {
        Libc.EConnRefused => "connection refused",
        Libc.ETimedOut => "connect timeout",
        Libc.EMFile => "too many open files",
        Libc.EAddrNotAvail => "no local port left",
        Libc.ENetUnreach or Libc.EHostUnreach => "host unreachable",
        Libc.EConnReset => "connection reset",
        _ => "connect failed",
    };

    void Handle(uint events, long token)
    {
        var connection = _connections[(int)(token & 0xFFFF_FFFF)];
        if (connection is null || connection.Generation != (int)(token >> 32))
        {
            return;
        }

        switch (connection.State)
        {
            case ConnectionState.Connecting:
                Connected(connection);
                break;
            case ConnectionState.Handshaking:
                Shake(connection);
                break;
            case ConnectionState.Open:
                if ((events & Poller.Writable) != 0)
                {
                    Write(connection);
                }

                if ((events & (Poller.Readable | Poller.Failed)) != 0)
                {
                    Read(connection);
                }

                break;
        }
    }

    void Connected(Connection connection)
    {
        int error;
        var length = (uint)sizeof(int);
        if (Libc.GetOption(connection.Fd, Libc.SolSocket, Libc.SoError, &error, &length) < 0)
        {
            error = Marshal.GetLastPInvokeError();
        }

        var pool = connection.Pool;
        if (error != 0)
        {
            Close(connection);
            ConnectFailed(pool, error);
            Refill(pool);
        }
        else if (pool.Tls is { } tls)
        {
            connection.Tls = tls.Begin(connection.Fd, pool.Host);
            connection.State = ConnectionState.Handshaking;
            Shake(connection);
        }
        else
        {
            Established(connection);
        }
    }

    void Shake(Connection connection)
    {
        var outcome = connection.Tls!.Handshake(connection.Pool.Http2);
        switch (outcome)
        {
            case TlsOutcome.Done:
                Established(connection);
                break;
            case TlsOutcome.WantsRead or TlsOutcome.WantsWrite:
                _poller.Rewatch(connection.Fd, outcome == TlsOutcome.WantsRead ? Poller.Readable : Poller.Writable, connection.Token);
                break;
            default:
                var (pool, fault) = (connection.Pool, connection.Tls.Fault);
                Close(connection);
                ConnectFailed(pool, "tls failed", outcome == TlsOutcome.Closed ? "the server closed the connection during the handshake" : fault);
                Refill(pool);
                break;
        }
    }

    void Established(Connection connection)
    {
        connection.Pool.Connecting--;
        connection.Pool.HasConnected = true;
        connection.State = ConnectionState.Open;
        _poller.Rewatch(connection.Fd, Poller.Readable, connection.Token);
        connection.Established(this);
        Offer(connection);
    }

    /// <summary>The connection has room: the longest waiting requests take it.</summary>
    public void Offer(Connection connection)
    {
        while (connection.State == ConnectionState.Open && connection.HasRoom && connection.Pool.Waiting.TryDequeue(out var waiting))
        {
            connection.Begin(waiting, this);
        }

        List(connection);
    }

    void List(Connection connection)
    {
        if (!connection.Listed && connection.State == ConnectionState.Open && connection.HasRoom)
        {
            connection.Listed = true;
            connection.Pool.Free.Push(connection);
        }
    }

    /// <summary>Writes at the end of the loop's turn, with all that comes until then.</summary>
    public void WriteLater(Connection connection)
    {
        if (!connection.Dirty)
        {
            connection.Dirty = true;
            _dirty.Add(connection);
        }
    }

    void WriteDirty()
    {
        foreach (var connection in _dirty)
        {
            connection.Dirty = false;
            if (connection.State == ConnectionState.Open)
            {
                Write(connection);
            }
        }

        _dirty.Clear();
    }

    public void Write(Connection connection)
    {
        while (connection.Unsent is { Length: > 0 } unsent)
        {
            int sent;
            bool later;
            if (connection.Tls is { } tls)
            {
                later = tls.Write(unsent, out sent) is TlsOutcome.WantsRead or TlsOutcome.WantsWrite;
            }
            else
            {
                fixed (byte* data = unsent)
                {
                    sent = (int)Libc.Send(connection.Fd, data, (nuint)unsent.Length, Libc.MsgNoSignal);
                }

                later = sent < 0 && Marshal.GetLastPInvokeError() is Libc.EAgain or Libc.EIntr;
            }

            if (later)
            {
                AwaitRoom(connection, true);
                return;
            }

            if (sent <= 0)
            {
                // A refused write may still have an answer before it, for example 413: reading decides.
                connection.StopWriting();
                break;
            }

            connection.Took(sent);
        }

        AwaitRoom(connection, false);
    }

    void AwaitRoom(Connection connection, bool room)
    {
        if (connection.AwaitsRoom != room)
        {
            connection.AwaitsRoom = room;
            _poller.Rewatch(connection.Fd, room ? Poller.Readable | Poller.Writable : Poller.Readable, connection.Token);
        }
    }

    void Read(Connection connection)
    {
        // OpenSSL may hold bytes that the poller does not see.
        while (connection.State == ConnectionState.Open && ReadOnce(connection) && connection.Tls is not null)
        {
        }
    }

    bool ReadOnce(Connection connection)
    {
        int received;
        if (connection.Tls is { } tls)
        {
            switch (tls.Read(_buffer, BufferSize, out received))
            {
                case TlsOutcome.WantsRead or TlsOutcome.WantsWrite:
                    return false;
                case TlsOutcome.Closed:
                    received = 0;
                    break;
                case TlsOutcome.Failed:
                    connection.Broke("connection reset", tls.Fault, this);
                    return false;
            }
        }
        else
        {
            received = (int)Libc.Receive(connection.Fd, _buffer, BufferSize, 0);
            if (received < 0)
            {
                var errno = Marshal.GetLastPInvokeError();
                if (errno is not (Libc.EAgain or Libc.EIntr))
                {
                    connection.Broke(errno is Libc.EConnReset or Libc.EPipe ? "connection reset" : "receive failed", Marshal.GetPInvokeErrorMessage(errno), this);
                }

                return false;
            }
        }

        if (received == 0)
        {
            connection.Ended(this);
            return false;
        }

        connection.Received(new ReadOnlySpan<byte>(_buffer, received), this);
        return true;
    }

    public void Close(Connection connection)
    {
        if (connection.State == ConnectionState.Closed)
        {
            return;
        }

        if (connection.State is ConnectionState.Connecting or ConnectionState.Handshaking)
        {
            connection.Pool.Connecting--;
        }

        InFlight -= connection.Active;
        connection.State = ConnectionState.Closed;
        connection.Tls?.Dispose();
        connection.Release();
        connection.Pool.Total--;
        _ = Libc.Close(connection.Fd);
        _connections[connection.Slot] = null;
        _freeSlots.Push(connection.Slot);
    }

    public void Answer(in Exchange exchange, long now, int status, AnswerCapture? capture) => Answered(exchange, now, status, capture);

    public void Unanswered(in Exchange exchange, string error, string detail, bool waited) => End(exchange, MonotonicClock.Nanoseconds, error, detail, waited, sent: true);

    public void TimedOut(in Exchange exchange) => Unanswered(exchange, "timeout", $"no whole answer within {exchange.Workload.Timeout / 1e9:0.###} s", waited: true);

    /// <summary>Sends the request once more.</summary>
    public void Retry(Exchange exchange)
    {
        exchange.Retried = true;
        exchange.Workload.Recorder.Retried++;
        Dispatch(exchange);
    }
}
