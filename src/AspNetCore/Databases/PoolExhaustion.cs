using System.Globalization;
using Fettle.Databases;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http;

namespace Fettle.AspNetCore;

/// <summary>Answers an exhausted connection pool with 503 and <c>Retry-After</c>: the service is busy, not broken.</summary>
internal sealed class PoolExhaustion : IExceptionHandler
{
    public async ValueTask<bool> TryHandleAsync(HttpContext httpContext, Exception exception, CancellationToken cancellationToken)
    {
        if (exception is not PoolExhaustedException exhausted || httpContext.Response.HasStarted)
        {
            return false;
        }

        httpContext.Response.Headers.RetryAfter = Math.Ceiling(exhausted.RetryAfter.TotalSeconds).ToString(CultureInfo.InvariantCulture);
        await FettleProblems.Create(
            StatusCodes.Status503ServiceUnavailable, "database-busy", "The database has no connection free", exhausted.Message).ExecuteAsync(httpContext);
        return true;
    }
}
