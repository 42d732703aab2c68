using System.Diagnostics;
using Fettle.Redis.Connection;
using Fettle.Redis.Protocol;

namespace Fettle.Redis;

/// <summary>
/// One multiplexed connection to a Redis server, shared by any number of callers and pipelined without their doing:
/// <list type="number">
/// <item>A command is written into the buffer of unsent commands and joins the line of those waiting for a reply, both under one
/// lock: the order of replies is the order of the line.</item>
/// <item>Whoever finds nobody writing starts to write: at once when the line was empty (least latency), else from the thread pool
/// (so that the callers woken by one batch of replies go out in one batch of commands). While a write is under way commands gather
/// in the other buffer.</item>
/// <item>One reader parses, hands push messages to the observer, and completes the line's head. Callers resume on the thread pool,
/// never on the reader.</item>
/// <item>A command that is cancelled or timed out keeps its place in the line; its late reply is thrown away. The stream cannot get
/// out of step.</item>
/// <item>When the connection is lost, commands that were handed to the socket fail (<see cref="RedisConnectionException.MaybeExecuted"/>);
/// those that were not are failed too, or wait if <see cref="RedisTimings.OfflineWait"/> allows. The next connection finishes its
/// handshake (user, database, tracking, subscriptions) before any of them is sent.</item>
/// </list>
/// </summary>
public sealed partial class RedisConnection : IAsyncDisposable
{
    readonly RedisOptions _options;
    readonly IRedisObserver? _observer;
    readonly TimeProvider _time;
    readonly Lock _gate = new();
    readonly PendingLine _line = new();
    readonly Queue<RoomWaiter> _waiters = new();
    readonly CancellationTokenSource _stop = new();
    readonly RedisMeters _meters;
    readonly ITimer _timer;
    readonly FlushWork _flushWork;
    readonly string _endpoint;
    readonly TimeSpan _fastTick;
    TaskCompletionSource _firstAttempt = new(TaskCreationOptions.RunContinuationsAsynchronously);
    readonly List<long> _fenced = [];
    CommandBuffer _unsent = new();
    Session? _session;
    Exception? _failure;
    Task _runner = Task.CompletedTask;
    int _handedOver;
    bool _fast;
    bool _disposed;

    RedisConnection(RedisOptions options, IRedisObserver? observer)
    {
        _options = options with { };
        _observer = observer;
        _time = options.Timings.Clock;
        _endpoint = options.ToString();
        _meters = new RedisMeters(this, options);
        _flushWork = new FlushWork(this);
        _fastTick = TimeSpan.FromMilliseconds(Math.Clamp(options.Timings.Command.TotalMilliseconds / 10, 1, 20));
        _timer = _time.CreateTimer(static state => ((RedisConnection)state!).OnTick(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>True while commands can be sent.</summary>
    public bool IsConnected => Volatile.Read(ref _session) is not null;

    /// <summary>Protocol version in use: 3, 2, or 0 while not connected.</summary>
    public int Protocol => Volatile.Read(ref _session)?.Protocol ?? 0;

    /// <summary>Why the last attempt to connect failed or the last connection was lost; null while connected.</summary>
    public Exception? LastFailure => IsConnected ? null : Volatile.Read(ref _failure);

    /// <summary>Address without secrets.</summary>
    public string Endpoint => _endpoint;

    /// <summary>Counters since the start.</summary>
    public RedisStatistics Statistics => _meters.Snapshot(PendingCount);

    internal int PendingCount
    {
        get
        {
            lock (_gate)
            {
                return _line.Count;
            }
        }
    }

    /// <summary>Starts connecting and returns at once; a server that is down is tried again until disposal.</summary>
    /// <param name="options">Where and how; copied.</param>
    /// <param name="observer">Hears pushes and losses; null for none.</param>
    /// <param name="channels">Channels subscribed to in the handshake of every connection, before any command.</param>
    public static RedisConnection Start(RedisOptions options, IRedisObserver? observer = null, IEnumerable<string>? channels = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        var connection = new RedisConnection(options, observer);
        connection._channels.UnionWith(channels ?? []);
        connection._runner = Task.Run(connection.RunAsync);
        return connection;
    }

    /// <summary>Connects; throws when the first attempt fails.</summary>
    /// <exception cref="RedisConnectionException">The server cannot be reached.</exception>
    /// <exception cref="RedisServerException">The server refused the user, the database or tracking.</exception>
    public static async Task<RedisConnection> ConnectAsync(RedisOptions options, IRedisObserver? observer = null, CancellationToken cancellation = default)
    {
        var connection = Start(options, observer);
        try
        {
            await connection._firstAttempt.Task.WaitAsync(cancellation);
            return connection.IsConnected || connection.LastFailure is not { } failure
                ? connection
                : throw (failure is RedisServerException ? failure : Throw.Offline(connection._endpoint, failure));
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    /// <summary>Waits until the connection is up.</summary>
    /// <exception cref="OperationCanceledException">Cancelled first.</exception>
    public async Task WaitUntilConnectedAsync(CancellationToken cancellation = default)
    {
        while (!IsConnected)
        {
            Task attempt;
            lock (_gate)
            {
                ObjectDisposedException.ThrowIf(_disposed, this);
                if (_firstAttempt.Task.IsCompleted && _session is null)
                {
                    _firstAttempt = new(TaskCreationOptions.RunContinuationsAsynchronously);
                }

                attempt = _firstAttempt.Task;
            }

            await attempt.WaitAsync(cancellation);
        }
    }

    /// <summary>Closes the connection; commands without a reply fail.</summary>
    public async ValueTask DisposeAsync()
    {
        Session? session;
        lock (_gate)
        {
            if (_disposed)
            {
                return;
            }

            _disposed = true;
            session = _session;
        }

        await _stop.CancelAsync();
        var cause = new ObjectDisposedException(nameof(RedisConnection));
        if (session is not null)
        {
            Lose(session, cause);
        }

        FailOffline(cause);
        await _runner;
        await _timer.DisposeAsync();
        _firstAttempt.TrySetResult();
        _meters.Dispose();
        _stop.Dispose();
    }

    /// <summary>Connects, lives through one session after another, and waits between them.</summary>
    async Task RunAsync()
    {
        var backoff = new Backoff(_options.Timings.ReconnectFirst, _options.Timings.ReconnectMax, Random.Shared.NextDouble);
        while (!_stop.IsCancellationRequested)
        {
            Exception cause;
            try
            {
                var session = await OpenAsync();
                var opened = _time.GetTimestamp();
                Install(session);
                cause = await session.Lost;
                session.Dispose();
                if (_time.GetElapsedTime(opened) > _options.Timings.ReconnectFirst)
                {
                    backoff.Reset();
                }
            }
            catch (Exception e)
            {
                cause = e is OperationCanceledException ? new TimeoutException($"no connection to {_endpoint} within {_options.Timings.Connect.TotalMilliseconds:0} ms") : e;
                Volatile.Write(ref _failure, cause);
                _meters.ConnectFailed();
                Notify(static (o, c) => o.OnDisconnected(c!), cause);
                if (_options.Timings.OfflineWait == TimeSpan.Zero)
                {
                    FailOffline(cause);
                }
            }

            SignalAttempt();
            try
            {
                await Task.Delay(backoff.Next(), _time, _stop.Token);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    async Task<Session> OpenAsync()
    {
        using var limit = new CancellationTokenSource(_options.Timings.Connect, _time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, _stop.Token);
        return await new Handshake(_options, HandlePush, _fenced).OpenAsync(SubscribedChannels(), SubscribedPatterns(), both.Token);
    }

    void Install(Session session)
    {
        Notify(static (o, _) => o.OnConnected(), null);
        lock (_gate)
        {
            if (_disposed)
            {
                session.SetLost(new ObjectDisposedException(nameof(RedisConnection)));
                return;
            }

            session.LastReceived = _time.GetTimestamp();
            DropAbandoned();
            _handedOver = 0;
            _failure = null;
            _session = session;
            SetTick(fast: true);
            if (_unsent.Length > 0)
            {
                session.Flushing = true;
                ThreadPool.UnsafeQueueUserWorkItem(_flushWork, preferLocal: false);
            }
        }

        _meters.Connected();
        SignalAttempt();
        _ = ReadLoopAsync(session);
    }

    /// <summary>Commands that timed out while the connection was down are not sent late: their callers have moved on.</summary>
    void DropAbandoned()
    {
        var kept = new CommandBuffer();
        var all = _unsent.Written.Span;
        for (var left = _line.Count; left > 0; left--)
        {
            var command = _line.Dequeue();
            if (command.IsDone)
            {
                command.Release();
                continue;
            }

            var bytes = all.Slice(command.Offset, command.Length);
            command.Offset = kept.Length;
            kept.Append(bytes);
            _line.Enqueue(command);
        }

        _unsent = kept;
    }

    /// <summary>Takes a session out of use, once; every command handed to it fails.</summary>
    void Lose(Session session, Exception cause)
    {
        var failed = new List<PendingCommand>();
        lock (_gate)
        {
            if (!ReferenceEquals(_session, session))
            {
                return;
            }

            _session = null;
            _failure = cause;
            for (; _handedOver > 0; _handedOver--)
            {
                failed.Add(_line.Dequeue());
            }
        }

        _meters.Lost();
        Notify(static (o, c) => o.OnDisconnected(c!), cause);
        foreach (var command in failed)
        {
            command.TryFail(Throw.Lost(_endpoint, cause));
            command.Release();
        }

        if (_options.Timings.OfflineWait == TimeSpan.Zero)
        {
            FailOffline(cause);
        }

        session.SetLost(cause);
        session.Dispose();
    }

    /// <summary>Fails everything that waits for a connection.</summary>
    void FailOffline(Exception cause)
    {
        var failed = new List<PendingCommand>();
        lock (_gate)
        {
            if (_session is not null)
            {
                return;
            }

            while (_line.Count > 0)
            {
                failed.Add(_line.Dequeue());
            }

            _unsent.Clear();
            while (_waiters.TryDequeue(out var waiter))
            {
                waiter.Release();
            }
        }

        foreach (var command in failed)
        {
            command.TryFail(Throw.Offline(_endpoint, cause));
            command.Release();
        }
    }

    void SignalAttempt()
    {
        lock (_gate)
        {
            _firstAttempt.TrySetResult();
        }
    }

    void Notify(Action<IRedisObserver, Exception?> call, Exception? cause)
    {
        if (_observer is null)
        {
            return;
        }

        try
        {
            call(_observer, cause);
        }
        catch (Exception e)
        {
            // An observer's mistake must not end the connection for everybody; it is visible in a debugger and counted.
            _meters.ObserverFailed();
            Debug.WriteLine(e);
        }
    }

    sealed class FlushWork(RedisConnection owner) : IThreadPoolWorkItem
    {
        public void Execute()
        {
            if (Volatile.Read(ref owner._session) is { } session)
            {
                owner.Flush(session);
            }
        }
    }
}
