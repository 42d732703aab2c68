using System.Runtime.InteropServices;
using Fettle.LoadTesting.Engine.Http;
using Fettle.LoadTesting.Engine.Native;

namespace Fettle.LoadTesting.Engine.Loop;

/// <summary>Sockets: opening, writing, reading, closing.</summary>
sealed unsafe partial class EngineLoop
{
    const int BufferSize = 256 << 10;

    readonly List<Connection?> _connections = [];
    readonly Stack<int> _freeSlots = new();
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
        while (everyUserHasOne && pool.Idle.TryPop(out var idle))
        {
            if (idle.State == ConnectionState.Idle)
            {
                Send(idle, exchange);
                return;
            }
        }

        pool.Waiting.Enqueue(exchange);
        Refill(pool, exchange.Seen);
    }

    /// <summary>Opens connections while more requests wait than connections are on their way, within the pool's capacity.</summary>
    void Refill(ConnectionPool pool, long now)
    {
        while (pool.Waiting.Count > pool.Connecting && pool.Total < pool.Capacity)
        {
            if (!Open(pool, now))
            {
                return;
            }
        }
    }

    bool Open(ConnectionPool pool, long now)
    {
        var fd = Libc.Socket(pool.Family, Libc.SockStream | Libc.SockNonBlock | Libc.SockCloseOnExec, 0);
        if (fd < 0)
        {
            ConnectFailed(pool, now, Marshal.GetLastPInvokeError());
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
            ConnectFailed(pool, now, errno);
            return false;
        }

        var slot = _freeSlots.TryPop(out var free) ? free : _connections.Count;
        if (slot == _connections.Count)
        {
            _connections.Add(null);
        }

        var connection = new Connection(pool, fd, slot, ++_generation, now) { State = ConnectionState.Connecting };
        _connections[slot] = connection;
        pool.Total++;
        pool.Connecting++;
        ConnectionsOpened++;
        _poller.Watch(fd, Poller.Writable, connection.Token);
        return true;
    }

    void ConnectFailed(ConnectionPool pool, long now, int errno)
    {
        if (pool.Waiting.TryDequeue(out var exchange))
        {
            End(exchange, now, ConnectError(errno), Marshal.GetPInvokeErrorMessage(errno), waited: false, sent: false);
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
        if (connection is null || connection.Generation != (int)(token >> 32) || connection.State == ConnectionState.Closed)
        {
            return;
        }

        switch (connection.State)
        {
            case ConnectionState.Connecting:
                Connected(connection);
                break;
            case ConnectionState.Idle:
                // A server ends an idle connection, or says something unasked: either way it is of no more use.
                Close(connection);
                break;
            default:
                if ((events & Poller.Writable) != 0 && connection.Wire is not null)
                {
                    Write(connection);
                }

                if (connection.State == ConnectionState.Busy && (events & (Poller.Readable | Poller.Failed)) != 0)
                {
                    Read(connection);
                }

                break;
        }
    }

    void Connected(Connection connection)
    {
        var pool = connection.Pool;
        int error;
        var length = (uint)sizeof(int);
        if (Libc.GetOption(connection.Fd, Libc.SolSocket, Libc.SoError, &error, &length) < 0)
        {
            error = Marshal.GetLastPInvokeError();
        }

        var now = MonotonicClock.Nanoseconds;
        if (error != 0)
        {
            Close(connection);
            ConnectFailed(pool, now, error);
            Refill(pool, now);
            return;
        }

        pool.Connecting--;
        pool.HasConnected = true;
        connection.State = ConnectionState.Idle;
        _poller.Rewatch(connection.Fd, Poller.Readable, connection.Token);
        Release(connection);
    }

    /// <summary>The connection is free: the longest waiting request takes it.</summary>
    void Release(Connection connection)
    {
        if (connection.Pool.Waiting.TryDequeue(out var waiting))
        {
            Send(connection, waiting);
            return;
        }

        connection.State = ConnectionState.Idle;
        connection.Pool.Idle.Push(connection);
    }

    void Send(Connection connection, in Exchange exchange)
    {
        connection.State = ConnectionState.Busy;
        connection.Exchange = exchange;
        connection.Exchange.Sent = MonotonicClock.Nanoseconds;
        connection.Parser.Reset(exchange.Request.Method == "HEAD", exchange.Actor?.Flow?.CaptureFor(exchange.Request));
        connection.Wire = exchange.Request.Wire(connection.Pool.Target);
        connection.Written = 0;
        InFlight++;
        Write(connection);
    }

    void Write(Connection connection)
    {
        var wire = connection.Wire!;
        var left = wire.Length - connection.Written;
        nint sent;
        fixed (byte* data = wire)
        {
            sent = Libc.Send(connection.Fd, data + connection.Written, (nuint)left, Libc.MsgNoSignal);
        }

        if (sent == left)
        {
            connection.Wire = null;
            AwaitRoom(connection, false);
        }
        else if (sent >= 0 || Marshal.GetLastPInvokeError() is Libc.EAgain or Libc.EIntr)
        {
            connection.Written += (int)Math.Max(0, sent);
            AwaitRoom(connection, true);
        }
        else
        {
            // A refused write may still have an answer before it, for example 413: reading decides.
            connection.Wire = null;
            Read(connection);
        }
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
        var received = Libc.Receive(connection.Fd, _buffer, BufferSize, 0);
        if (received < 0)
        {
            var errno = Marshal.GetLastPInvokeError();
            if (errno is Libc.EAgain or Libc.EIntr)
            {
                return;
            }

            Broken(connection, errno == Libc.EConnReset || errno == Libc.EPipe ? "connection reset" : "receive failed", Marshal.GetPInvokeErrorMessage(errno));
            return;
        }

        var parser = connection.Parser;
        if (received == 0)
        {
            if (parser.EndOfStream() == ParseStatus.Complete)
            {
                Complete(connection, MonotonicClock.Nanoseconds);
            }
            else
            {
                Broken(connection, "closed early", parser.Fault);
            }

            return;
        }

        connection.Exchange.Workload.Recorder.BytesReceived += received;
        var status = parser.Feed(new ReadOnlySpan<byte>(_buffer, (int)received), out var consumed);
        switch (status)
        {
            case ParseStatus.Complete:
                Complete(connection, MonotonicClock.Nanoseconds, surplus: consumed < received);
                break;
            case ParseStatus.Malformed:
                Broken(connection, "malformed answer", parser.Fault);
                break;
            case ParseStatus.TooLarge:
                Broken(connection, "answer too large", parser.Fault);
                break;
        }
    }

    void Complete(Connection connection, long now, bool surplus = false)
    {
        var exchange = connection.Exchange;
        var parser = connection.Parser;
        var (status, capture) = (parser.Status, parser.Capture);
        connection.Carried++;
        var reusable = parser.KeepAlive && connection.Pool.Target.KeepAlive && !surplus && connection.Wire is null;
        if (reusable)
        {
            InFlight--;
            Release(connection);
        }
        else
        {
            Close(connection);
            Refill(connection.Pool, now);
        }

        Answered(exchange, now, status, capture);
    }

    /// <summary>The connection broke under a request. One that was kept alive and gave no byte was closed by the server in the same moment: try once more.</summary>
    void Broken(Connection connection, string error, string detail)
    {
        var now = MonotonicClock.Nanoseconds;
        var exchange = connection.Exchange;
        var stale = connection.Carried > 0 && !connection.Parser.Started && !exchange.Retried && exchange.Request.Method is "GET" or "HEAD" or "OPTIONS" or "PUT" or "DELETE";
        Close(connection);
        if (stale)
        {
            exchange.Retried = true;
            exchange.Workload.Recorder.Retried++;
            Dispatch(exchange);
        }
        else
        {
            End(exchange, now, error, detail, waited: false, sent: true);
        }

        Refill(connection.Pool, now);
    }

    void Close(Connection connection)
    {
        if (connection.State == ConnectionState.Closed)
        {
            return;
        }

        if (connection.State == ConnectionState.Connecting)
        {
            connection.Pool.Connecting--;
        }

        InFlight -= connection.State == ConnectionState.Busy ? 1 : 0;
        connection.State = ConnectionState.Closed;
        connection.Wire = null;
        connection.Pool.Total--;
        _ = Libc.Close(connection.Fd);
        _connections[connection.Slot] = null;
        _freeSlots.Push(connection.Slot);
    }
}
