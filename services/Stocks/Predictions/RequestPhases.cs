using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Fettle.AspNetCore;
using Microsoft.AspNetCore.Http;

namespace Fettle.Services.Stocks.Predictions;

/// <summary>The last phase of a prediction, beside those that <see cref="ServerTimings"/> measures on the way.</summary>
internal static class RequestPhases
{
    /// <summary>
    /// The answer as JSON. That of a timed request is written to memory first: its headers, which state the time it took, go out before its body.
    /// </summary>
    public static IResult Json<T>(HttpContext context, T answer, JsonTypeInfo<T> type)
    {
        if (context.Features.Get<IServerTiming>() is null)
        {
            return Results.Json(answer, type);
        }

        using var phase = ServerTimings.Measure("serialisation");
        return Results.Bytes(JsonSerializer.SerializeToUtf8Bytes(answer, type), "application/json; charset=utf-8");
    }
}
