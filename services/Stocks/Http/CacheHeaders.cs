using Microsoft.AspNetCore.Http;

namespace Fettle.Services.Stocks.Http;

/// <summary><c>Cache-Status</c> (RFC 9211) and the <c>X-Cache-Status</c> that existing clients read.</summary>
internal static class CacheHeaders
{
    public static void Set(HttpResponse response, bool hit)
    {
        response.Headers["X-Cache-Status"] = hit ? "HIT" : "MISS";
        response.Headers["Cache-Status"] = hit ? "fettle; hit" : "fettle; fwd=miss";
    }
}
