using System.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Fettle.AspNetCore;

/// <summary>
/// The longest time of requests whose endpoints say nothing else. The clock runs from the request's beginning, but its timer is made when
/// somebody asks for <c>RequestAborted</c>: a request that cannot be cancelled needs none, and most answers from memory never ask.
/// </summary>
internal sealed class RequestTimeLimit(RequestDelegate next, TimeSpan longest)
{
    /// <summary>Whether an endpoint has a limit of its own, which the framework's middleware holds.</summary>
    public static bool IsItsOwn(HttpContext context) => EndpointFacts.Of(context).HasOwnLimit;

    /// <summary>Says that time ran out.</summary>
    public static Task AnswerAsync(HttpContext context) => FettleProblems.Create(
        StatusCodes.Status504GatewayTimeout, "too-slow", "The request took too long", "its work was cancelled; ask for less, or again later").ExecuteAsync(context);

    public Task InvokeAsync(HttpContext context) => EndpointFacts.Of(context).BeginsItself ? next(context) : RunAsync(context);

    /// <summary>Runs what comes next under the limit.</summary>
    public async Task RunAsync(HttpContext context)
    {
        if (EndpointFacts.Of(context) is { HasOwnLimit: true } or { HasNoLimit: true })
        {
            await next(context);
            return;
        }

        var lifetime = context.Features.GetRequiredFeature<IHttpRequestLifetimeFeature>();
        using var limited = new LimitedLifetime(lifetime, longest);
        context.Features.Set<IHttpRequestLifetimeFeature>(limited);
        try
        {
            await next(context);
        }
        catch (OperationCanceledException) when (limited.IsOver && !context.Response.HasStarted)
        {
            context.Response.Clear();
            await AnswerAsync(context);
        }
        finally
        {
            context.Features.Set(lifetime);
        }
    }

    /// <summary>A request's lifetime with an end; asked by whatever threads work for the request.</summary>
    sealed class LimitedLifetime(IHttpRequestLifetimeFeature inner, TimeSpan longest) : IHttpRequestLifetimeFeature, IDisposable
    {
        readonly long _started = Stopwatch.GetTimestamp();
        readonly Lock _lock = new();
        CancellationTokenSource? _end;
        CancellationToken? _given;

        /// <summary>Whether time ran out while the client was still there.</summary>
        public bool IsOver => _end is { IsCancellationRequested: true } && !inner.RequestAborted.IsCancellationRequested;

        public CancellationToken RequestAborted
        {
            get
            {
                lock (_lock)
                {
                    return _given ?? (_end ??= Begin()).Token;
                }
            }

            set
            {
                lock (_lock)
                {
                    _given = value;
                }
            }
        }

        public void Abort() => inner.Abort();

        public void Dispose()
        {
            lock (_lock)
            {
                _end?.Dispose();
            }
        }

        CancellationTokenSource Begin()
        {
            var end = CancellationTokenSource.CreateLinkedTokenSource(inner.RequestAborted);
            var left = longest - Stopwatch.GetElapsedTime(_started);
            if (left > TimeSpan.Zero)
            {
                end.CancelAfter(left);
            }
            else
            {
                end.Cancel();
            }

            return end;
        }
    }
}
