using Microsoft.AspNetCore.Http;

namespace Fettle.Services.Stocks.Http;

/// <summary>What of an answer was taken from memory.</summary>
internal enum CacheHit
{
    None,
    Features,
    Prediction,
}

/// <summary><c>Cache-Status</c> (RFC 9211) and the <c>X-Cache-Status</c> that existing clients read.</summary>
internal static class CacheHeaders
{
    public static void Set(HttpResponse response, CacheHit hit)
    {
        response.Headers["X-Cache-Status"] = hit == CacheHit.None ? "MISS" : "HIT";
        response.Headers["Cache-Status"] = hit switch
        {
            CacheHit.Prediction => "fettle-predictions; hit",
            CacheHit.Features => "fettle-features; hit",
            _ => "fettle; fwd=miss",
        };
    }
}
