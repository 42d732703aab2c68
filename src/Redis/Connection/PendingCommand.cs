using System.Threading.Tasks.Sources;
using Fettle.Redis.Protocol;

namespace Fettle.Redis.Connection;

/// <summary>
/// A command between submission and reply, and at the same time the source of the caller's <see cref="ValueTask"/>: pooled, so a
/// command allocates nothing but its value.
/// <para>Invariant: two owners hold it, the caller until <c>GetResult</c> and the connection until the reply (or the loss of the
/// connection). Cancellation and timeout complete the caller's side only; the connection keeps its place in the line, so the reply
/// that comes later is matched with it and thrown away. It goes back to the pool when both have let go.</para>
/// </summary>
internal sealed class PendingCommand : IValueTaskSource<RedisReply>, IValueTaskSource<byte[]?>, IValueTaskSource<RedisLease?>, IValueTaskSource<string?>,
    IValueTaskSource<long>, IValueTaskSource<bool>, IValueTaskSource
{
    const int PoolSize = 1024;
    static readonly PendingPool Pool = new(PoolSize);

    ManualResetValueTaskSourceCore<RedisReply> _core = new() { RunContinuationsAsynchronously = true };
    CancellationTokenRegistration _registration;
    CancellationToken _cancellation;
    int _owners;
    int _done;

    PendingCommand()
    {
    }

    public short Version => _core.Version;

    /// <summary>True when nobody waits for the reply any more.</summary>
    public bool IsDone => Volatile.Read(ref _done) != 0;

    /// <summary>Timestamp after which the caller gets a timeout.</summary>
    public long Deadline { get; private set; }

    /// <summary>Timestamp of submission.</summary>
    public long Submitted { get; set; }

    /// <summary>Where its bytes lie while they are not yet handed to the socket.</summary>
    public int Offset { get; set; }

    public int Length { get; set; }

    /// <summary>Whether the caller takes a rented array over and gives it back.</summary>
    public bool Borrows { get; set; }

    /// <summary>What the server may answer before the reply that this entry waits for.</summary>
    public Prelude Prelude { get; set; }

    /// <summary>The error of the part sent ahead; it becomes the result.</summary>
    public RedisReply? EarlyError { get; set; }

    public static PendingCommand Rent(long deadline, Prelude prelude = Prelude.None, bool ignored = false)
    {
        var command = Pool.TryTake() ?? new PendingCommand();
        command.Deadline = deadline;
        command.Prelude = prelude;
        command.Borrows = false;
        command._owners = ignored ? 1 : 2;
        command._done = ignored ? 1 : 0;
        return command;
    }

    /// <summary>Call once, after submission, by the caller's side.</summary>
    public void ListenTo(CancellationToken cancellation)
    {
        _cancellation = cancellation;
        _registration = cancellation.UnsafeRegister(static state => ((PendingCommand)state!).Cancel(), this);
    }

    public void Retain() => Interlocked.Increment(ref _owners);

    public void Release()
    {
        if (Interlocked.Decrement(ref _owners) == 0)
        {
            _core.Reset();
            EarlyError = null;
            _cancellation = default;
            _registration = default;
            Pool.Return(this);
        }
    }

    public bool TryComplete(RedisReply reply)
    {
        if (Interlocked.Exchange(ref _done, 1) != 0)
        {
            if (reply.IsLent)
            {
                reply.GiveBack();
            }

            return false;
        }

        _core.SetResult(reply.IsLent && !Borrows ? reply.Settle() : reply);
        return true;
    }

    public bool TryFail(Exception error)
    {
        if (Interlocked.Exchange(ref _done, 1) != 0)
        {
            return false;
        }

        _core.SetException(error);
        return true;
    }

    void Cancel() => TryFail(new OperationCanceledException(_cancellation));

    public ValueTaskSourceStatus GetStatus(short token) => _core.GetStatus(token);

    public void OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _core.OnCompleted(continuation, state, token, flags);

    public RedisReply GetResult(short token)
    {
        // Waits for a cancellation callback that is running, so it can never touch this object once it is pooled.
        _registration.Dispose();
        try
        {
            var reply = _core.GetResult(token);
            return reply.IsError ? throw ErrorOf(reply) : reply;
        }
        finally
        {
            Release();
        }
    }

    byte[]? IValueTaskSource<byte[]?>.GetResult(short token) => GetResult(token).AsBytes();

    RedisLease? IValueTaskSource<RedisLease?>.GetResult(short token) => GetResult(token).AsLease();

    string? IValueTaskSource<string?>.GetResult(short token) => GetResult(token).AsText();

    long IValueTaskSource<long>.GetResult(short token) => GetResult(token).AsInt64();

    bool IValueTaskSource<bool>.GetResult(short token) => GetResult(token).AsBoolean();

    void IValueTaskSource.GetResult(short token) => GetResult(token);

    static RedisException ErrorOf(RedisReply reply)
    {
        var text = reply.AsText()!;
        return text.StartsWith(RespParser.TooLargeCode, StringComparison.Ordinal) ? new RedisReplyException(text) : new RedisServerException(text);
    }
}
