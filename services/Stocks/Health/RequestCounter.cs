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

    public async Task InvokeAsync(HttpContext context, RequestDelegate next)
    {
        var failed = true;
        try
        {
            await next(context);
            failed = context.Response.StatusCode >= StatusCodes.Status500InternalServerError;
        }
        finally
        {
            Interlocked.Increment(ref _requests);
            if (failed)
            {
                Interlocked.Increment(ref _errors);
            }
        }
    }
}
