using Microsoft.AspNetCore.Http;

namespace Fettle.Services.Stocks.Health;

/// <summary>Requests since the start and how many of them the service failed (status 500 and above, or an exception).</summary>
internal sealed class RequestCounter(TimeProvider time)
{
    readonly long _started = time.GetTimestamp();
    long _requests;
    long _errors;

    public long Requests => Interlocked.Read(ref _requests);

    public long Errors => Interlocked.Read(ref _errors);

    public TimeSpan Uptime => time.GetElapsedTime(_started);

    public Task InvokeAsync(HttpContext context, RequestDelegate next)
    {
        Task answered;
        try
        {
            answered = next(context);
        }
        catch
        {
            Count(failed: true);
            throw;
        }

        if (!answered.IsCompletedSuccessfully)
        {
            return WaitAsync(answered, context);
        }

        Count(IsFailed(context));
        return Task.CompletedTask;
    }

    async Task WaitAsync(Task answered, HttpContext context)
    {
        var failed = true;
        try
        {
            await answered;
            failed = IsFailed(context);
        }
        finally
        {
            Count(failed);
        }
    }

    void Count(bool failed)
    {
        Interlocked.Increment(ref _requests);
        if (failed)
        {
            Interlocked.Increment(ref _errors);
        }
    }

    static bool IsFailed(HttpContext context) => context.Response.StatusCode >= StatusCodes.Status500InternalServerError;
}
