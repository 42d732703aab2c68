using System.Collections.Concurrent;
using System.Threading.Tasks.Sources;

namespace Fettle.Caching.SecondTier;

/// <summary>
/// A call that ends with its result or with a token, whichever is first; pooled, so that bounding a call allocates nothing.
/// <para>Two owners hold it, the caller until <c>GetResult</c> and the call until it completes, which it may do long after the token.
/// It goes back to the pool when both have let go.</para>
/// </summary>
internal sealed class BoundedCall<TResult> : IValueTaskSource<TResult>
{
    const int MaxIdle = 64;
    static readonly ConcurrentQueue<BoundedCall<TResult>> Idle = new();

    readonly Action _completed;
    ManualResetValueTaskSourceCore<TResult> _core;
    ValueTask<TResult> _call;
    CancellationToken _token;
    CancellationTokenRegistration _registration;
    int _owners;
    int _done;

    BoundedCall() => _completed = OnCallCompleted;

    /// <summary>The result of the call, or an <see cref="OperationCanceledException"/> as soon as the token is cancelled.</summary>
    public static ValueTask<TResult> RunAsync(ValueTask<TResult> call, CancellationToken token)
    {
        if (call.IsCompleted)
        {
            return call;
        }

        var bounded = Idle.TryDequeue(out var idle) ? idle : new BoundedCall<TResult>();
        bounded._owners = 2;
        bounded._done = 0;
        bounded._call = call;
        bounded._token = token;
        var version = bounded._core.Version;
        bounded._registration = token.UnsafeRegister(static state => ((BoundedCall<TResult>)state!).Cancel(), bounded);
        call.ConfigureAwait(false).GetAwaiter().UnsafeOnCompleted(bounded._completed);
        return new ValueTask<TResult>(bounded, version);
    }

    void OnCallCompleted()
    {
        try
        {
            var result = _call.Result;
            if (Interlocked.Exchange(ref _done, 1) == 0)
            {
                _core.SetResult(result);
            }
            else
            {
                // Nobody waits any more: what the result rented goes back.
                (result as IDisposable)?.Dispose();
            }
        }
        catch (Exception e)
        {
            if (Interlocked.Exchange(ref _done, 1) == 0)
            {
                _core.SetException(e);
            }
        }
        finally
        {
            Release();
        }
    }

    void Cancel()
    {
        if (Interlocked.Exchange(ref _done, 1) == 0)
        {
            _core.SetException(new OperationCanceledException(_token));
        }
    }

    void Release()
    {
        if (Interlocked.Decrement(ref _owners) == 0)
        {
            _core.Reset();
            _call = default;
            _token = default;
            _registration = default;
            if (Idle.Count < MaxIdle)
            {
                Idle.Enqueue(this);
            }
        }
    }

    TResult IValueTaskSource<TResult>.GetResult(short token)
    {
        // Waits for a cancellation callback that is running, so it can never touch this object once it is pooled.
        _registration.Dispose();
        try
        {
            return _core.GetResult(token);
        }
        finally
        {
            Release();
        }
    }

    ValueTaskSourceStatus IValueTaskSource<TResult>.GetStatus(short token) => _core.GetStatus(token);

    void IValueTaskSource<TResult>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _core.OnCompleted(continuation, state, token, flags);
}
